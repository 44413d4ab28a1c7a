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

use crate::action::{Column, View};
use crate::answer::{ListWork, RowsText};
use crate::domain::{Page, TaskFilter, TaskId};
use crate::{ActionError, Memory};

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

/// The tasks that match, to be read a part at a time.
pub(crate) fn matching(filter: TaskFilter) -> Box<dyn ListWork> {
    Box::new(move |page: Page, memory: &mut dyn Memory, rows: &mut RowsText| {
        let part = memory.list_tasks(&filter, page)?;
        rows.append(&part)?;
        Ok(part.next)
    })
}

fn no_such_task(id: TaskId) -> ActionError {
    ActionError::not_found(format!("Task {id} not found"))
}
