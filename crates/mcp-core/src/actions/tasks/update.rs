//! `update_task`

use schemars::JsonSchema;
use serde::Deserialize;

use super::{GROUP, no_such_task};
use crate::action::{Column, View};
use crate::changes::Change;
use crate::domain::{FieldChange, Task, TaskChanges, TaskId};
use crate::{ActionError, Doc, Effect, Example, Memory, MemoryAction};

/// Changes the given fields of a task.
pub(crate) struct UpdateTask;

/// The parameters of `update_task`. Null removes a field; for priority and status the schema does not
/// say so, but v1 does it.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct UpdateTaskParams {
    /// The task's number.
    task_id: TaskId,
    /// The new title; not empty.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    title: FieldChange<String>,
    /// The new description; null to remove it.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    description: FieldChange<String>,
    /// The new priority.
    #[serde(default)]
    #[schemars(with = "String")]
    priority: FieldChange<String>,
    /// The new status.
    #[serde(default)]
    #[schemars(with = "String")]
    status: FieldChange<String>,
    /// The user it is assigned to from now on; null for nobody.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    assigned_to: FieldChange<String>,
}

/// The summary in the lean API.
const ACKNOWLEDGMENT: View = View::of(&[Column::of("id")]);

impl MemoryAction for UpdateTask {
    const NAME: &'static str = "update_task";
    const EFFECT: Effect = Effect::Write;
    type Params = UpdateTaskParams;
    type Output = Task;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"task_id":1,"status":"completed"}"#,
            answer: r#"{"id":1,"title":"Ship v1","description":"","priority":"high","status":"completed","assigned_to":"alice","created_at":"2026-02-16T16:00:00.000000","updated_at":"2026-02-16T17:00:00.000000"}"#,
        };
        Doc::new(GROUP, "Change fields of a task", example)
            .idempotent()
            .words(&[
                "mark move status state complete completed finish finished done close resolve",
                "reopen tick check-off start begin progress in_progress pending continue",
                "postpone rename retitle reword correct existing assign reassign unassign",
                "hand-over delegate transfer pass else belongs hand another over make raise",
                "lower bump urgent important high reprioritize escalate",
            ])
            .sees_null()
            .view(ACKNOWLEDGMENT)
    }

    fn run(&self, params: UpdateTaskParams, memory: &mut dyn Memory) -> Result<Task, ActionError> {
        let title = match params.title {
            FieldChange::Keep => None,
            FieldChange::Set(title) if !title.is_empty() => Some(title),
            FieldChange::Set(_) | FieldChange::Clear => {
                return Err(ActionError::invalid(
                    "title must not be empty: leave it out to keep it as it is",
                ));
            }
        };
        let changes = TaskChanges {
            title,
            description: params.description,
            priority: params.priority,
            status: params.status,
            assigned_to: params.assigned_to,
        };
        memory.update_task(params.task_id, changes)?.ok_or_else(|| no_such_task(params.task_id))
    }

    fn change(&self, task: &Task) -> Change {
        Change::Task(task.id)
    }
}
