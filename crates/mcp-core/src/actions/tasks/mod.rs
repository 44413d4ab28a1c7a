//! Actions over tasks.

mod add;
mod delete;
mod list;
mod search;
mod update;

pub(crate) use add::AddTask;
pub(crate) use delete::DeleteTask;
pub(crate) use list::ListTasks;
pub(crate) use search::SearchTasks;
pub(crate) use update::UpdateTask;

use crate::action::{Column, View};
use crate::answer::{ListWork, RowsText};
use crate::domain::{Page, TaskFilter, TaskId};
use crate::{ActionError, Group, Memory};

const GROUP: Group = Group::new("tasks", "todo ticket chore item job assignment");

/// The columns of a task in the lean API.
pub(super) const COLUMNS: &[Column] = &[
    Column::of("id"),
    Column::of("title"),
    Column::of("status"),
    Column::of("priority"),
    Column::of("assigned_to"),
];

const SUMMARY: View = View::of(COLUMNS);

/// The tasks that match the filter, read in parts.
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
