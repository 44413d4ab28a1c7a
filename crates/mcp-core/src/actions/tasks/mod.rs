//! Tasks: what is to be done, by whom, and how far it is.

mod add;
mod delete;
mod list;
mod search;
mod update;

pub use add::AddTask;
pub use delete::DeleteTask;
pub use list::ListTasks;
pub use search::SearchTasks;
pub use update::UpdateTask;

use crate::ActionError;
use crate::action::{Column, View};
use crate::domain::TaskId;

/// What stands for a task on the lean face.
pub(super) const COLUMNS: &[Column] = &[
    Column::of("id"),
    Column::of("title"),
    Column::of("status"),
    Column::of("priority"),
    Column::of("assigned_to"),
];

/// Tasks on the lean face.
const SUMMARY: View = View::of(COLUMNS);

fn no_such_task(id: TaskId) -> ActionError {
    ActionError::not_found(format!("Task {id} not found"))
}
