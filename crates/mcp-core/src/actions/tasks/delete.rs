//! `delete_task`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GROUP, no_such_task};
use crate::action::{Column, View};
use crate::changes::Change;
use crate::domain::TaskId;
use crate::{ActionError, Doc, Effect, Example, Memory, MemoryAction};

/// Deletes a task. Its number is not reused.
pub(crate) struct DeleteTask;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct DeleteTaskParams {
    /// The task's number.
    task_id: TaskId,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct DeleteTaskOutput {
    /// The task's number.
    task_id: TaskId,
    /// Always true.
    deleted: bool,
}

/// The summary in the lean API.
const ACKNOWLEDGMENT: View = View::of(&[Column::of("task_id")]);

impl MemoryAction for DeleteTask {
    const NAME: &'static str = "delete_task";
    const EFFECT: Effect = Effect::Write;
    type Params = DeleteTaskParams;
    type Output = DeleteTaskOutput;

    fn doc(&self) -> Doc {
        let example =
            Example { params: r#"{"task_id":1}"#, answer: r#"{"task_id":1,"deleted":true}"# };
        Doc::new(GROUP, "Delete a task", example)
            .idempotent()
            .words(&[
                "cancel clear clean permanently good obsolete duplicate unneeded nobody",
                "longer throw-away",
            ])
            .view(ACKNOWLEDGMENT)
    }

    fn run(
        &self,
        params: DeleteTaskParams,
        memory: &mut dyn Memory,
    ) -> Result<DeleteTaskOutput, ActionError> {
        let DeleteTaskParams { task_id } = params;
        if memory.remove_task(task_id)? {
            Ok(DeleteTaskOutput { task_id, deleted: true })
        } else {
            Err(no_such_task(task_id))
        }
    }

    fn change(&self, output: &DeleteTaskOutput) -> Change {
        Change::Task(output.task_id)
    }
}
