//! `add_task`

use schemars::JsonSchema;
use serde::Deserialize;

use super::GROUP;
use crate::action::params::Text;
use crate::action::{Column, View};
use crate::changes::Change;
use crate::domain::{NewTask, Task};
use crate::{ActionError, Doc, Effect, Example, Memory, MemoryAction};

/// Adds a task and gives it a number.
pub(crate) struct AddTask;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct AddTaskParams {
    /// The title.
    title: Text,
    /// More details.
    #[serde(default)]
    description: String,
    /// How urgent it is: high, medium, low or any other word.
    #[serde(default = "default_priority")]
    priority: String,
    /// How far it is: pending, `in_progress`, completed or any other word.
    #[serde(default = "default_status")]
    status: String,
    /// The user it is assigned to.
    #[serde(default)]
    assigned_to: Option<String>,
}

fn default_priority() -> String {
    "medium".into()
}

fn default_status() -> String {
    "pending".into()
}

/// The summary in the lean API.
const ACKNOWLEDGMENT: View = View::of(&[Column::of("id")]);

impl MemoryAction for AddTask {
    const NAME: &'static str = "add_task";
    const EFFECT: Effect = Effect::Write;
    type Params = AddTaskParams;
    type Output = Task;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"title":"Ship v1","priority":"high","assigned_to":"alice"}"#,
            answer: r#"{"id":1,"title":"Ship v1","description":"","priority":"high","status":"pending","assigned_to":"alice","created_at":"2026-02-16T16:00:00.000000","updated_at":"2026-02-16T16:00:00.000000"}"#,
        };
        Doc::new(GROUP, "Add a task", example)
            .additive()
            .words(&[
                "make put write write-down note jot file open log record register plan",
                "schedule raise capture track remember remind reminder backlog something work",
                "done later for assign urgent high list board card follow-up fresh",
            ])
            .view(ACKNOWLEDGMENT)
    }

    fn run(&self, params: AddTaskParams, memory: &mut dyn Memory) -> Result<Task, ActionError> {
        Ok(memory.add_task(&NewTask {
            title: params.title.0,
            description: params.description,
            priority: params.priority,
            status: params.status,
            assigned_to: params.assigned_to,
        })?)
    }

    fn change(&self, task: &Task) -> Change {
        Change::Task(task.id)
    }
}
