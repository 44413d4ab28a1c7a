//! Parses the addresses of the stored memory: `mcp://users`, `mcp://tasks/7`, `mcp://logs?limit=5`.

use mcp_core::ActionError;
use mcp_core::changes::Change;
use mcp_core::domain::{Page, TaskId};
use mcp_core::snapshot::Entity;
use reqwest::Url;

/// The number of log entries without `limit`.
const DEFAULT_LOGS: u64 = 100;

/// A task, or a part of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    Task(TaskId),
    /// With the status of the tasks to list.
    List(Entity, Page, Option<String>),
}

impl Target {
    /// Parses an address. Returns `None` if it is not one of the memory.
    ///
    /// # Errors
    /// Returns an error if `limit` or `offset` is not a whole number.
    pub(super) fn of(uri: &str) -> Result<Option<Self>, ActionError> {
        let Ok(url) = Url::parse(uri) else { return Ok(None) };
        let (Some(host), true) = (url.host_str(), url.scheme() == "mcp") else { return Ok(None) };
        let Some(entity) = Entity::named(host) else { return Ok(None) };
        let path = url.path().trim_start_matches('/');
        if entity == Entity::Tasks && !path.is_empty() && url.query().is_none() {
            let id = path.parse().ok().filter(|_| is_digits(path));
            return Ok(id.map(|id| Self::Task(TaskId(id))));
        }
        if !path.is_empty() {
            return Ok(None);
        }
        let mut page = Page::new((entity == Entity::Logs).then_some(DEFAULT_LOGS), 0);
        let mut status = None;
        for (name, value) in url.query_pairs().filter(|(_, value)| !value.is_empty()) {
            let number = || {
                if is_digits(&value) {
                    Ok(value.parse().unwrap_or(u64::MAX))
                } else {
                    Err(ActionError::invalid(format!("{name} must be a whole number")))
                }
            };
            match &*name {
                "limit" => page.limit = Some(number()?),
                "offset" => page.offset = number()?,
                "status" if entity == Entity::Tasks => status = Some(value.into_owned()),
                _ => return Ok(None),
            }
        }
        Ok(Some(Self::List(entity, page, status)))
    }

    pub(super) fn is_changed_by(&self, change: Change) -> bool {
        match (self, change) {
            (_, Change::All) => true,
            (Self::Task(id), Change::Task(changed)) => *id == changed,
            (Self::List(entity, ..), change) => {
                let changed = match change {
                    Change::Users => Entity::Users,
                    Change::Config => Entity::Config,
                    Change::Logs => Entity::Logs,
                    Change::Task(_) | Change::All => Entity::Tasks,
                };
                *entity == changed
            }
            (Self::Task(_), _) => false,
        }
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_list_or_a_task_or_nothing() {
        let part = |limit, offset| Page::new(Some(limit), offset);
        let list = |entity, page| Some(Target::List(entity, page, None));
        for (uri, wanted) in [
            ("mcp://users", list(Entity::Users, Page::ALL)),
            ("mcp://logs?limit=5&offset=2", list(Entity::Logs, part(5, 2))),
            ("mcp://tasks/7", Some(Target::Task(TaskId(7)))),
            ("mcp://tasks/", list(Entity::Tasks, Page::ALL)),
            ("mcp://tasks/-7", None),
            ("mcp://tasks/7/8", None),
            ("mcp://tasks/99999999999999999999", None),
            ("mcp://users/alice", None),
            ("mcp://users?status=pending", None),
            ("mcp://nothing", None),
            ("http://users", None),
            ("users", None),
        ] {
            assert_eq!(Target::of(uri).unwrap(), wanted, "{uri}");
        }
        assert!(Target::of("mcp://tasks?limit=many").is_err());
    }
}
