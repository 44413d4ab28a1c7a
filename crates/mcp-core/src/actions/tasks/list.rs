//! `list_tasks`

use schemars::JsonSchema;
use serde::Deserialize;

use super::{GROUP, SUMMARY};
use crate::domain::{Page, Part, Task, TaskFilter};
use crate::{ActionError, Doc, Example, ListAction, Memory};

/// Lists tasks in the order of their numbers.
pub(crate) struct ListTasks;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct ListTasksParams {
    /// Only tasks with this status.
    #[serde(default)]
    status: Option<String>,
    /// Only tasks assigned to this user.
    #[serde(default)]
    assigned_to: Option<String>,
}

impl ListAction for ListTasks {
    const NAME: &'static str = "list_tasks";
    type Params = ListTasksParams;
    type Item = Task;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"status":"pending","assigned_to":"alice"}"#,
            answer: r#"[{"id":1,"title":"Ship v1","description":"","priority":"high","status":"pending","assigned_to":"alice","created_at":"2026-02-16T16:00:00.000000","updated_at":"2026-02-16T16:00:00.000000"}]"#,
        };
        Doc::new(GROUP, "List tasks, by status or user", example)
            .words(&[
                "all every left remaining open outstanding unfinished undone incomplete still",
                "pending in_progress progress completed done assigned whose mine plate next",
                "due backlog agenda queue board overdue filter which work to-do tickets todos",
                "chores jobs items assignments current",
            ])
            .view(SUMMARY)
    }

    fn part(
        &self,
        params: &ListTasksParams,
        page: Page,
        memory: &mut dyn Memory,
    ) -> Result<Part<Task>, ActionError> {
        let ListTasksParams { status, assigned_to } = params;
        let filter = TaskFilter { status: status.clone(), assigned_to: assigned_to.clone() };
        Ok(memory.list_tasks(&filter, page)?)
    }
}
