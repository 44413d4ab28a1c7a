//! Stored memory as resources, each as `GET /state` shows it.

use std::sync::Arc;

use mcp_core::actions::config::ConfigMap;
use mcp_core::changes::Change;
use mcp_core::domain::{Page, TaskFilter, TaskId};
use mcp_core::memory::{Freshness, Memory, StoreResult, StoreRuns};
use mcp_core::snapshot::{self, Entity};
use mcp_core::{ActionError, Reply, json};
use reqwest::Url;
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};

use super::{Later, ResourceSource};
use crate::service::Service;

/// Which tasks are looked at for a completion.
const LOOKED_AT: Page = Page { limit: Some(1000), bytes: Some(1 << 20), ..Page::ALL };
/// How many entries of the log are shown that is asked for whole.
const LOGS_SHOWN: u64 = 100;
/// The template of one task's address.
const TASK: &str = "mcp://tasks/{id}";
const TASKS: &str = "mcp://tasks{?status,limit,offset}";
const LOGS: &str = "mcp://logs{?limit,offset}";
const USERS: &str = "mcp://users{?limit,offset}";

/// What an address names.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Task(TaskId),
    List(Entity, Page, Option<String>),
}

pub(super) struct MemoryResources {
    service: Arc<Service>,
}

impl MemoryResources {
    pub(super) fn new(service: Arc<Service>) -> Self {
        Self { service }
    }

    async fn read_with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Memory) -> StoreResult<T> + Send + 'static,
    ) -> Result<T, ActionError> {
        let read = self.service.store().read_for(Freshness::WritesAndLogs, work).await;
        Ok(read.and_then(|done| done)?)
    }

    async fn text(&self, place: Place, bytes: usize) -> Result<Option<String>, ActionError> {
        let answer = match place {
            Place::Task(id) => {
                let task = self.read_with(move |memory| memory.find_task(id)).await?;
                return task.map(|task| json::text(&task)).transpose();
            }
            Place::List(Entity::Config, ..) => {
                let config = self.read_with(|memory| memory.list_config()).await?;
                return json::text(&ConfigMap::from(config)).map(Some);
            }
            Place::List(entity, page, status) => snapshot::of_entity(entity, page, status),
        };
        let store = self.service.store();
        let reply = Reply::read(Freshness::WritesAndLogs, answer, store).await?;
        reply.whole(store, bytes).await.map(Some)
    }
}

impl ResourceSource for MemoryResources {
    fn list(&self) -> Vec<Resource> {
        let resource = |entity: Entity, title: &str, what: &str| {
            Resource::new(format!("mcp://{}", entity.name()), entity.name())
                .with_title(title)
                .with_description(what)
                .with_mime_type("application/json")
        };
        vec![
            resource(Entity::Users, "Users", "The users' names"),
            resource(Entity::Tasks, "Tasks", "The tasks, in the order of their numbers"),
            resource(Entity::Config, "Configuration", "The shared configuration"),
            resource(Entity::Logs, "Log", "The newest actions, newest last"),
        ]
    }

    fn templates(&self) -> Vec<ResourceTemplate> {
        let template = |form: &str, name: &str, title: &str| {
            ResourceTemplate::new(form, name).with_title(title).with_mime_type("application/json")
        };
        vec![
            template(TASK, "task", "One task"),
            template(USERS, "users_part", "A part of the users"),
            template(TASKS, "tasks_part", "A part of the tasks"),
            template(LOGS, "logs_part", "A part of the log, counted from its newest entry"),
        ]
    }

    fn read<'a>(&'a self, uri: &'a str, bytes: usize) -> Later<'a, Option<Vec<ResourceContents>>> {
        Box::pin(async move {
            let Some(place) = place(uri)? else { return Ok(None) };
            let text = self.text(place, bytes).await?;
            let contents =
                |text| ResourceContents::text(text, uri).with_mime_type("application/json");
            Ok(text.map(|text| vec![contents(text)]))
        })
    }

    fn complete<'a>(
        &'a self,
        template: &'a str,
        variable: &'a str,
        begin: &'a str,
    ) -> Later<'a, Vec<String>> {
        Box::pin(async move {
            let found: Vec<String> = match (template, variable) {
                (TASK, "id") => {
                    let tasks = self
                        .read_with(move |memory| {
                            memory.list_tasks(&TaskFilter::default(), LOOKED_AT)
                        })
                        .await?;
                    tasks.items().iter().map(|task| task.id.to_string()).collect()
                }
                (TASKS, "status") => {
                    let counts = self.read_with(|memory| memory.task_counts()).await?;
                    counts.by_status.into_iter().map(|(status, _)| status).collect()
                }
                _ => Vec::new(),
            };
            Ok(found.into_iter().filter(|value| value.starts_with(begin)).collect())
        })
    }

    fn part_of(&self, uri: &str) -> &'static str {
        match place(uri) {
            Ok(Some(Place::List(Entity::Config, ..))) => "call get_config with the key of a part",
            Ok(Some(Place::List(..))) => {
                "ask for a part of it with ?limit= and ?offset=, or call a tool"
            }
            _ => "call a tool for a part of it",
        }
    }

    fn is_watched(&self, uri: &str) -> bool {
        matches!(place(uri), Ok(Some(_)))
    }

    fn concerns(&self, uri: &str, change: Change) -> bool {
        match (place(uri), change) {
            (Ok(Some(_)), Change::All) => true,
            (Ok(Some(Place::Task(id))), Change::Task(changed)) => id == changed,
            (Ok(Some(Place::List(entity, ..))), change) => match change {
                Change::Users => entity == Entity::Users,
                Change::Task(_) => entity == Entity::Tasks,
                Change::Config => entity == Entity::Config,
                Change::Logs => entity == Entity::Logs,
                Change::All => true,
            },
            _ => false,
        }
    }
}

/// What an address of ours names; `None` for every other.
fn place(uri: &str) -> Result<Option<Place>, ActionError> {
    let Ok(url) = Url::parse(uri) else { return Ok(None) };
    let (Some(host), true) = (url.host_str(), url.scheme() == "mcp") else { return Ok(None) };
    let Some(entity) = Entity::named(host) else { return Ok(None) };
    let path = url.path().trim_start_matches('/');
    if entity == Entity::Tasks && !path.is_empty() && url.query().is_none() {
        let is_number = path.bytes().all(|byte| byte.is_ascii_digit());
        return Ok(path.parse().ok().filter(|_| is_number).map(|id| Place::Task(TaskId(id))));
    }
    if !path.is_empty() {
        return Ok(None);
    }
    let mut page = Page::new((entity == Entity::Logs).then_some(LOGS_SHOWN), 0);
    let mut status = None;
    for (name, value) in url.query_pairs().filter(|(_, value)| !value.is_empty()) {
        let number = || {
            let wrong = || ActionError::invalid(format!("{name} must be a whole number"));
            let digits = value.bytes().all(|byte| byte.is_ascii_digit());
            if digits { Ok(value.parse().unwrap_or(u64::MAX)) } else { Err(wrong()) }
        };
        match &*name {
            "limit" => page.limit = Some(number()?),
            "offset" => page.offset = number()?,
            "status" if entity == Entity::Tasks => status = Some(value.into_owned()),
            _ => return Ok(None),
        }
    }
    Ok(Some(Place::List(entity, page, status)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_list_or_a_task_or_nothing() {
        let part = |limit, offset| Page::new(Some(limit), offset);
        let list = |entity, page| Some(Place::List(entity, page, None));
        for (uri, wanted) in [
            ("mcp://users", list(Entity::Users, Page::ALL)),
            ("mcp://logs?limit=5&offset=2", list(Entity::Logs, part(5, 2))),
            ("mcp://tasks/7", Some(Place::Task(TaskId(7)))),
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
            assert_eq!(place(uri).unwrap(), wanted, "{uri}");
        }
        assert!(place("mcp://tasks?limit=many").is_err());
    }
}
