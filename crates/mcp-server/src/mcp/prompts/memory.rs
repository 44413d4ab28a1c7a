//! The prompts over stored memory: planning what is open, and handing it over.

use std::fmt::Write as _;
use std::sync::Arc;

use mcp_core::ActionError;
use mcp_core::domain::{Page, Task, TaskFilter};
use mcp_core::memory::{Freshness, StoreRuns};
use rmcp::model::{JsonObject, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::Value;

use super::PromptSource;
use crate::mcp::resources::Later;
use crate::service::Service;

/// How many open tasks a prompt shows.
const SHOWN: usize = 100;
/// How much is read at once: so many tasks or users, and so many bytes of them.
const READ: Page = Page { limit: Some(1000), bytes: Some(1 << 20), ..Page::ALL };
/// How many characters of a title are shown.
const TITLE: usize = 200;
/// How many characters of a status, a priority or a user's name are shown.
const WORD: usize = 60;

/// Plans the open tasks.
pub(super) struct PlanOpenTasks {
    service: Arc<Service>,
}

/// Hands the open tasks of one user over to another.
pub(super) struct HandOver {
    service: Arc<Service>,
}

impl PlanOpenTasks {
    pub(super) fn new(service: Arc<Service>) -> Self {
        Self { service }
    }
}

impl HandOver {
    pub(super) fn new(service: Arc<Service>) -> Self {
        Self { service }
    }
}

impl PromptSource for PlanOpenTasks {
    fn prompt(&self) -> Prompt {
        let whose = PromptArgument::new("assigned_to")
            .with_description("Only the tasks of this user")
            .with_required(false);
        Prompt::new("plan_open_tasks", Some("Plan the open tasks"), Some(vec![whose]))
            .with_title("Plan the open tasks")
    }

    fn messages<'a>(&'a self, arguments: &'a JsonObject) -> Later<'a, Vec<PromptMessage>> {
        Box::pin(async move {
            let whose = text(arguments, "assigned_to")?;
            let tasks = open_tasks(&self.service, whose).await?;
            let list = listed(&tasks);
            Ok(vec![PromptMessage::new_text(
                Role::User,
                format!(
                    "These are the open tasks:\n{list}\nMake a plan: what first, what can wait, what \
                     depends on what, and what is unclear. Then ask me before you change a task."
                ),
            )])
        })
    }

    fn complete<'a>(&'a self, _: &'a str, begin: &'a str) -> Later<'a, Vec<String>> {
        Box::pin(usernames(&self.service, begin))
    }
}

impl PromptSource for HandOver {
    fn prompt(&self) -> Prompt {
        let user = |name: &str, what: &str| {
            PromptArgument::new(name).with_description(what).with_required(true)
        };
        let arguments = vec![user("from", "Who hands over"), user("to", "Who takes over")];
        Prompt::new(
            "hand_over",
            Some("Hand one user's open tasks over to another"),
            Some(arguments),
        )
        .with_title("Hand over")
    }

    fn messages<'a>(&'a self, arguments: &'a JsonObject) -> Later<'a, Vec<PromptMessage>> {
        Box::pin(async move {
            let from = text(arguments, "from")?.unwrap_or_default();
            let to = text(arguments, "to")?.unwrap_or_default();
            let tasks = open_tasks(&self.service, Some(from.clone())).await?;
            let list = listed(&tasks);
            let (from, to) = (one_line(&from), one_line(&to));
            Ok(vec![PromptMessage::new_text(
                Role::User,
                format!(
                    "{from} hands these open tasks over to {to}:\n{list}\nWrite {to} a short note for \
                     each: where it stands, what comes next, what to look out for. When I agree, assign \
                     them to {to} with update_task and put each note into its task's description."
                ),
            )])
        })
    }

    fn complete<'a>(&'a self, _: &'a str, begin: &'a str) -> Later<'a, Vec<String>> {
        Box::pin(usernames(&self.service, begin))
    }
}

/// An argument that is a text; none when it is empty or left out.
fn text(arguments: &JsonObject, name: &str) -> Result<Option<String>, ActionError> {
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(ActionError::invalid(format!("{name} must be a string"))),
    }
}

/// The first open tasks, and whether there are more.
struct Open {
    tasks: Vec<Task>,
    more: bool,
}

async fn open_tasks(service: &Service, whose: Option<String>) -> Result<Open, ActionError> {
    let filter = TaskFilter { status: None, assigned_to: whose };
    let mut open = Open { tasks: Vec::new(), more: false };
    let mut page = READ;
    loop {
        let filter = filter.clone();
        let part = service
            .store()
            .read_for(Freshness::Writes, move |memory| memory.list_tasks(&filter, page))
            .await
            .and_then(|part| part)?;
        page.after = part.next;
        let is_open = |task: &Task| task.status.as_deref() != Some("completed");
        open.tasks.extend(part.items().into_iter().filter(is_open));
        open.more = open.tasks.len() > SHOWN;
        if open.more || page.after.is_none() {
            open.tasks.truncate(SHOWN);
            return Ok(open);
        }
    }
}

fn listed(open: &Open) -> String {
    if open.tasks.is_empty() {
        return "(none)\n".into();
    }
    let mut list = String::new();
    for task in &open.tasks {
        let word = |word: &Option<String>| {
            word.as_deref().map_or_else(|| "-".into(), |word| beginning(word, WORD))
        };
        let (status, priority) = (word(&task.status), word(&task.priority));
        let whose = task.assigned_to.as_deref().map(|user| format!(", {}", beginning(user, WORD)));
        let whose = whose.unwrap_or_default();
        let title = beginning(&task.title, TITLE);
        let _ = writeln!(list, "#{} {title} ({status}, {priority}{whose})", task.id);
    }
    if open.more {
        list.push_str("and more\n");
    }
    list
}

/// The first characters of a text, on one line.
fn beginning(text: &str, characters: usize) -> String {
    one_line(text).chars().take(characters).collect()
}

/// Text of somebody's that does not break the line in which it stands: nobody writes rows of his own
/// into the list.
fn one_line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().map(|c| if breaks(c) { ' ' } else { c }).collect()
}

async fn usernames(service: &Service, begin: &str) -> Result<Vec<String>, ActionError> {
    let names = service
        .store()
        .read_for(Freshness::Writes, move |memory| memory.list_usernames(READ))
        .await
        .and_then(|names| names)?;
    Ok(names.items().into_iter().filter(|name| name.starts_with(begin)).collect())
}
