//! The server's own prompts, about open tasks.

use std::sync::Arc;

use mcp_core::ActionError;
use mcp_core::memory::{Freshness, StoreRuns};
use rmcp::model::{JsonObject, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::Value;

use super::PromptSource;
use super::open_tasks::{OpenTasks, PAGE, one_line};
use crate::mcp::resources::Later;
use crate::service::Service;

/// `plan_open_tasks`
pub(super) struct PlanOpenTasks(pub(super) Arc<Service>);

/// `hand_over`
pub(super) struct HandOver(pub(super) Arc<Service>);

impl PromptSource for PlanOpenTasks {
    fn prompt(&self) -> Prompt {
        let assigned_to = argument("assigned_to", "Only the tasks of this user", false);
        prompt("plan_open_tasks", "Plan the open tasks", vec![assigned_to])
            .with_title("Plan the open tasks")
    }

    fn messages<'a>(&'a self, arguments: &'a JsonObject) -> Later<'a, Vec<PromptMessage>> {
        Box::pin(async move {
            let tasks = OpenTasks::read(&self.0, text(arguments, "assigned_to")?).await?;
            Ok(message(format!(
                "These are the open tasks:\n{tasks}\nMake a plan: which tasks come first, which can wait, \
                 which depend on others, and what is unclear. Ask me before you change a task."
            )))
        })
    }

    fn complete<'a>(&'a self, _argument: &'a str, begin: &'a str) -> Later<'a, Vec<String>> {
        Box::pin(usernames(&self.0, begin))
    }
}

impl PromptSource for HandOver {
    fn prompt(&self) -> Prompt {
        let from = argument("from", "The user who hands over", true);
        let to = argument("to", "The user who takes over", true);
        prompt("hand_over", "Hand one user's open tasks over to another", vec![from, to])
            .with_title("Hand over")
    }

    fn messages<'a>(&'a self, arguments: &'a JsonObject) -> Later<'a, Vec<PromptMessage>> {
        Box::pin(async move {
            let from = text(arguments, "from")?.unwrap_or_default();
            let to = one_line(&text(arguments, "to")?.unwrap_or_default());
            let tasks = OpenTasks::read(&self.0, Some(from.clone())).await?;
            let from = one_line(&from);
            Ok(message(format!(
                "{from} hands these open tasks over to {to}:\n{tasks}\nWrite {to} a short note for each \
                 task: its state, the next step, and the risks. When I agree, assign the tasks to {to} with \
                 update_task and put each note into its task's description."
            )))
        })
    }

    fn complete<'a>(&'a self, _argument: &'a str, begin: &'a str) -> Later<'a, Vec<String>> {
        Box::pin(usernames(&self.0, begin))
    }
}

fn prompt(name: &str, description: &str, arguments: Vec<PromptArgument>) -> Prompt {
    Prompt::new(name, Some(description), Some(arguments))
}

fn argument(name: &str, description: &str, is_required: bool) -> PromptArgument {
    PromptArgument::new(name).with_description(description).with_required(is_required)
}

fn message(text: String) -> Vec<PromptMessage> {
    vec![PromptMessage::new_text(Role::User, text)]
}

/// Returns an argument's text; `None` if it is absent or empty.
fn text(arguments: &JsonObject, name: &str) -> Result<Option<String>, ActionError> {
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(ActionError::invalid(format!("{name} must be a string"))),
    }
}

async fn usernames(service: &Service, begin: &str) -> Result<Vec<String>, ActionError> {
    let names = service
        .store()
        .read_for(Freshness::Writes, move |memory| memory.list_usernames(PAGE))
        .await
        .and_then(|names| names)?;
    Ok(names.items().into_iter().filter(|name| name.starts_with(begin)).collect())
}
