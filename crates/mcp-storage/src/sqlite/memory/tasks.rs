//! Tasks in SQLite.

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use mcp_core::Timestamp;
use mcp_core::domain::{
    NewTask, Page, SearchText, Task, TaskChanges, TaskCounts, TaskFilter, TaskId,
};
use mcp_core::memory::{StoreResult, Tasks};

use super::{SqliteMemory, count, limit, offset};
use crate::sqlite::error::store_error;
use crate::sqlite::schema::tasks;

#[derive(Queryable, Selectable)]
#[diesel(table_name = tasks, check_for_backend(Sqlite))]
struct Row {
    id: i64,
    title: String,
    description: Option<String>,
    priority: Option<String>,
    status: Option<String>,
    assigned_to: Option<String>,
    created_at: i64,
    updated_at: i64,
}

impl From<Row> for Task {
    fn from(row: Row) -> Self {
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

impl Tasks for SqliteMemory<'_> {
    fn add_task(&mut self, task: &NewTask) -> StoreResult<Task> {
        let now = self.now.as_micros();
        diesel::insert_into(tasks::table)
            .values((
                tasks::title.eq(&task.title),
                tasks::description.eq(&task.description),
                tasks::priority.eq(&task.priority),
                tasks::status.eq(&task.status),
                tasks::assigned_to.eq(task.assigned_to.as_deref()),
                tasks::created_at.eq(now),
                tasks::updated_at.eq(now),
            ))
            .returning(Row::as_returning())
            .get_result(self.connection)
            .map(Task::from)
            .map_err(store_error)
    }

    fn find_task(&mut self, id: TaskId) -> StoreResult<Option<Task>> {
        tasks::table
            .find(id.0)
            .select(Row::as_select())
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

    fn list_tasks(&mut self, filter: &TaskFilter, page: Page) -> StoreResult<Vec<Task>> {
        let rows: Vec<Row> = wanted(filter)
            .select(Row::as_select())
            .order(tasks::id)
            .limit(limit(page))
            .offset(offset(page))
            .load(self.connection)
            .map_err(store_error)?;
        Ok(rows.into_iter().map(Task::from).collect())
    }

    fn count_tasks(&mut self, filter: &TaskFilter) -> StoreResult<u64> {
        wanted(filter).select(count_star()).first(self.connection).map(count).map_err(store_error)
    }

    fn search_tasks(&mut self, text: &SearchText) -> StoreResult<Vec<Task>> {
        let rows = tasks::table
            .select(Row::as_select())
            .order(tasks::id)
            .load_iter::<Row, _>(self.connection)
            .map_err(store_error)?;
        let mut found = Vec::new();
        for row in rows {
            let task = Task::from(row.map_err(store_error)?);
            if text.is_in(&task) {
                found.push(task);
            }
        }
        Ok(found)
    }

    fn task_counts(&mut self) -> StoreResult<TaskCounts> {
        let by_status: Vec<(Option<String>, i64)> = tasks::table
            .group_by(tasks::status)
            .select((tasks::status, count_star()))
            .load(self.connection)
            .map_err(store_error)?;
        let by_priority: Vec<(Option<String>, i64)> = tasks::table
            .group_by(tasks::priority)
            .select((tasks::priority, count_star()))
            .load(self.connection)
            .map_err(store_error)?;
        Ok(TaskCounts {
            total: by_status.iter().map(|(_, rows)| count(*rows)).sum(),
            by_status: named(by_status),
            by_priority: named(by_priority),
        })
    }
}

fn wanted(filter: &TaskFilter) -> tasks::BoxedQuery<'_, Sqlite> {
    let mut query = tasks::table.into_boxed();
    if let Some(status) = &filter.status {
        query = query.filter(tasks::status.eq(status));
    }
    if let Some(assigned_to) = &filter.assigned_to {
        query = query.filter(tasks::assigned_to.eq(assigned_to));
    }
    query
}

fn named(counts: Vec<(Option<String>, i64)>) -> Vec<(String, u64)> {
    counts.into_iter().filter_map(|(name, rows)| Some((name?, count(rows)))).collect()
}
