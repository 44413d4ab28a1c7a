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
use crate::domain::TaskId;

fn no_such_task(id: TaskId) -> ActionError {
    ActionError::not_found(format!("Task {id} not found"))
}
