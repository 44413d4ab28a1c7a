//! Tasks in SQLite.

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::sqlite::Sqlite;
use mcp_core::Timestamp;
use mcp_core::domain::{
    NewTask, Page, Part, SearchText, Task, TaskChanges, TaskCounts, TaskFilter, TaskId,
};
use mcp_core::memory::{StoreResult, Tasks};

use super::counts::Counted;
use super::listed::ListTasks;
use super::spellings::note;
use super::{SqliteMemory, count, with_deadline};
use crate::spellings::SpelledFilter;
use crate::sqlite::error::store_error;
use crate::sqlite::insert::insert;
use crate::sqlite::schema::tasks;

#[derive(Queryable, Selectable)]
#[diesel(table_name = tasks, check_for_backend(Sqlite))]
pub(super) struct TaskRow {
    id: i64,
    title: String,
    description: Option<String>,
    priority: Option<String>,
    status: Option<String>,
    assigned_to: Option<String>,
    created_at: i64,
    updated_at: i64,
}

impl From<TaskRow> for Task {
    fn from(row: TaskRow) -> Self {
        Self {
            id: TaskId(row.id),
            title: row.title,
            description: row.description,
            priority: row.priority,
            status: row.status,
            assigned_to: row.assigned_to,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        }
    }
}

insert!(Insert, "tasks", [
    title: Text = &'a str,
    description: Text = &'a str,
    priority: Text = &'a str,
    status: Text = &'a str,
    assigned_to: Nullable<Text> = Option<&'a str>,
    created_at: BigInt = i64,
    updated_at: BigInt = i64,
]);

diesel::define_sql_function! {
    /// Returns the id of the last row inserted on this connection.
    fn last_insert_rowid() -> BigInt;
}

impl Tasks for SqliteMemory<'_> {
    fn add_task(&mut self, task: &NewTask) -> StoreResult<Task> {
        self.note_names(Some(&task.status), task.assigned_to.as_deref())?;
        let now = self.now.as_micros();
        // Without RETURNING: as for a trigger, SQLite would copy every changed page.
        let row = Insert {
            title: &task.title,
            description: &task.description,
            priority: &task.priority,
            status: &task.status,
            assigned_to: task.assigned_to.as_deref(),
            created_at: now,
            updated_at: now,
        };
        row.execute(self.connection)
            .and_then(|_| diesel::select(last_insert_rowid()).first(self.connection))
            .map(|id| task.numbered(TaskId(id), self.now))
            .map_err(store_error)
    }

    fn find_task(&mut self, id: TaskId) -> StoreResult<Option<Task>> {
        tasks::table
            .find(id.0)
            .select(TaskRow::as_select())
            .first(self.connection)
            .optional()
            .map(|row| row.map(Task::from))
            .map_err(store_error)
    }

    fn update_task(&mut self, id: TaskId, changes: TaskChanges) -> StoreResult<Option<Task>> {
        let Some(mut task) = self.find_task(id)? else {
            return Ok(None);
        };
        changes.apply(&mut task, self.now);
        self.note_names(task.status.as_deref(), task.assigned_to.as_deref())?;
        diesel::update(tasks::table.find(id.0))
            .set((
                tasks::title.eq(&task.title),
                tasks::description.eq(task.description.as_deref()),
                tasks::priority.eq(task.priority.as_deref()),
                tasks::status.eq(task.status.as_deref()),
                tasks::assigned_to.eq(task.assigned_to.as_deref()),
                tasks::updated_at.eq(task.updated_at.as_micros()),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(Some(task))
    }

    fn remove_task(&mut self, id: TaskId) -> StoreResult<bool> {
        diesel::delete(tasks::table.find(id.0))
            .execute(self.connection)
            .map(|removed| removed > 0)
            .map_err(store_error)
    }

    fn list_tasks(&mut self, filter: &TaskFilter, page: Page) -> StoreResult<Part<Task>> {
        let wanted = SpelledFilter::new(filter, |name| self.spellings(name))?;
        let page = match counted(&wanted).as_deref() {
            Some(&[counted]) => self.skip_blocks(page, counted).map_err(store_error)?,
            _ => page,
        };
        let rows = ListTasks { wanted: &wanted, after: page.after }
            .load_iter::<TaskRow, _>(self.connection)
            .map_err(store_error)?;
        let rows = with_deadline(self.until, rows)
            .map(|row| row.map(Task::from).map(|task| (task.position(), task.size(), task)))
            .map(|row| row.map(|(position, size, task)| (position, task, size)));
        page.take(rows).map_err(store_error)
    }

    fn count_tasks(&mut self, filter: &TaskFilter) -> StoreResult<u64> {
        let wanted = SpelledFilter::new(filter, |name| self.spellings(name))?;
        match counted(&wanted) {
            Some(counted) => counted.into_iter().map(|counted| self.total(counted)).sum(),
            None => matching(&wanted).select(count_star()).first(self.connection).map(count),
        }
        .map_err(store_error)
    }

    fn search_tasks(&mut self, text: &SearchText, page: Page) -> StoreResult<Part<Task>> {
        self.search(text, page)
    }

    fn task_counts(&mut self) -> StoreResult<TaskCounts> {
        let counts = |memory: &mut Self| {
            Ok(TaskCounts {
                total: memory.total(Counted::Tasks)?,
                by_status: memory.by_status()?,
                by_priority: memory.by_priority()?,
            })
        };
        counts(self).map_err(store_error)
    }
}

impl SqliteMemory<'_> {
    /// Stores the spellings of the names of a task that is about to be stored.
    fn note_names(&mut self, status: Option<&str>, assigned_to: Option<&str>) -> StoreResult<()> {
        let mut names = status.into_iter().chain(assigned_to);
        names.try_for_each(|name| note(self.connection, name)).map_err(store_error)
    }
}

/// Returns the counts whose sum is the number of matching tasks; `None` if no counts fit.
fn counted(wanted: &SpelledFilter) -> Option<Vec<Counted<'_>>> {
    match wanted {
        SpelledFilter { assigned_to: Some(_), .. } => None,
        SpelledFilter { status: Some(statuses), .. } => {
            Some(statuses.iter().map(|status| Counted::TasksOfStatus(status)).collect())
        }
        SpelledFilter { status: None, .. } => Some(vec![Counted::Tasks]),
    }
}

fn matching(wanted: &SpelledFilter) -> tasks::BoxedQuery<'_, Sqlite> {
    let mut query = tasks::table.into_boxed();
    if let Some(statuses) = &wanted.status {
        query = query.filter(tasks::status.eq_any(statuses));
    }
    if let Some(assignees) = &wanted.assigned_to {
        query = query.filter(tasks::assigned_to.eq_any(assignees));
    }
    query
}
