//! Tasks in PostgreSQL.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::QueryFragment;
use diesel::query_dsl::methods::LoadQuery;
use diesel::sql_types::{BigInt, Nullable, Text};
use mcp_core::Timestamp;
use mcp_core::domain::{
    NewTask, Page, Part, SearchText, Task, TaskChanges, TaskCounts, TaskFilter, TaskId, fold,
};
use mcp_core::memory::{StoreResult, Tasks};

use super::counts::{self, CountedField};
use super::filtered::{CountTasks, ListTasks};
use super::{Flush, Placed, PostgresMemory, RowRange, after_id, count, part, rows};
use crate::postgres::error::store_error;
use crate::postgres::insert::insert_of_columns;
use crate::postgres::schema::tasks;
use crate::postgres::text::{original, pattern, stored};
use crate::postgres::write_transaction::LARGE_ROW;
use crate::spellings::SpelledFilter;

#[derive(Queryable, Selectable)]
#[diesel(table_name = tasks, check_for_backend(Pg))]
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
            title: original(row.title),
            description: row.description.map(original),
            priority: row.priority.map(original),
            status: row.status.map(original),
            assigned_to: row.assigned_to.map(original),
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        }
    }
}

impl Tasks for PostgresMemory<'_> {
    fn add_task(&mut self, task: &NewTask) -> StoreResult<Task> {
        let now = self.now;
        self.note_names(Some(&task.status), task.assigned_to.as_deref())?;
        let writing = self.written()?;
        writing.counters.last_task += 1;
        writing.counters.tasks += 1;
        let task = task.numbered(TaskId(writing.counters.last_task), now);
        counts::note(&mut writing.counts, &task, 1);
        writing.tasks.push(task.clone());
        if task.size() > LARGE_ROW {
            self.database(Flush::Tasks)?;
        }
        Ok(task)
    }

    fn find_task(&mut self, id: TaskId) -> StoreResult<Option<Task>> {
        tasks::table
            .find(id.0)
            .select(TaskRow::as_select())
            .first(self.database(Flush::Tasks)?)
            .optional()
            .map(|row| row.map(Task::from))
            .map_err(store_error)
    }

    fn update_task(&mut self, id: TaskId, changes: TaskChanges) -> StoreResult<Option<Task>> {
        self.written()?;
        let Some(before) = self.find_task(id)? else {
            return Ok(None);
        };
        let mut task = before.clone();
        changes.apply(&mut task, self.now);
        self.note_names(task.status.as_deref(), task.assigned_to.as_deref())?;
        diesel::update(tasks::table.find(id.0))
            .set((
                tasks::title.eq(stored(&task.title)),
                tasks::description.eq(task.description.as_deref().map(stored)),
                tasks::priority.eq(task.priority.as_deref().map(stored)),
                tasks::status.eq(task.status.as_deref().map(stored)),
                tasks::assigned_to.eq(task.assigned_to.as_deref().map(stored)),
                tasks::updated_at.eq(task.updated_at.as_micros()),
                tasks::folded.eq(folded(&task.title, task.description.as_deref())),
            ))
            .execute(self.database(Flush::Tasks)?)
            .map_err(store_error)?;
        let writing = self.written()?;
        counts::note(&mut writing.counts, &before, -1);
        counts::note(&mut writing.counts, &task, 1);
        Ok(Some(task))
    }

    fn remove_task(&mut self, id: TaskId) -> StoreResult<bool> {
        self.written()?;
        let removed: Option<TaskRow> = diesel::delete(tasks::table.find(id.0))
            .returning(TaskRow::as_returning())
            .get_result(self.database(Flush::Tasks)?)
            .optional()
            .map_err(store_error)?;
        let Some(removed) = removed.map(Task::from) else {
            return Ok(false);
        };
        let writing = self.written()?;
        writing.counters.tasks -= 1;
        counts::note(&mut writing.counts, &removed, -1);
        Ok(true)
    }

    fn list_tasks(&mut self, filter: &TaskFilter, page: Page) -> StoreResult<Part<Task>> {
        let wanted = SpelledFilter::new(filter, |name| self.spellings(name))?;
        part(self.database(Flush::Tasks)?, page, |connection, rows| {
            let found: Vec<TaskRow> = ListTasks::new(&wanted, rows).load(connection)?;
            Ok(found.into_iter().map(placed).collect())
        })
    }

    fn count_tasks(&mut self, filter: &TaskFilter) -> StoreResult<u64> {
        let rows = match &SpelledFilter::new(filter, |name| self.spellings(name))? {
            SpelledFilter { status: None, assigned_to: None } => self.counters()?.tasks,
            SpelledFilter { status: Some(statuses), assigned_to: None } => {
                let connection = self.database(Flush::Tasks)?;
                let counts = statuses
                    .iter()
                    .map(|status| counts::count(connection, CountedField::Status, status))
                    .collect::<QueryResult<Vec<_>>>();
                counts.map_err(store_error)?.into_iter().flatten().sum()
            }
            wanted => CountTasks::new(wanted)
                .get_result(self.database(Flush::Tasks)?)
                .map_err(store_error)?,
        };
        Ok(count(rows))
    }

    fn search_tasks(&mut self, text: &SearchText, page: Page) -> StoreResult<Part<Task>> {
        let pattern = pattern(&stored(text.folded()));
        let candidates = Page { after: page.after, ..Page::ALL };
        let (mut last, mut looked_at) = (None, 0);
        let found = rows(self.database(Flush::Tasks)?, candidates, |connection, rows| {
            let found = candidates_of(&pattern, rows).load(connection)?;
            Ok(found.into_iter().map(placed).collect())
        })
        .take_while(|_| {
            looked_at += 1;
            looked_at <= MAX_READ
        })
        .inspect(|row| last = row.as_ref().ok().map(|(position, ..)| *position))
        // A match may span the title and the description, which does not count.
        .filter(|row| row.as_ref().map_or(true, |(_, task, _)| text.is_in(task)));
        let mut part = page.take(found).map_err(store_error)?;
        if part.next.is_none() && looked_at > MAX_READ {
            part.next = last;
        }
        Ok(part)
    }

    fn task_counts(&mut self) -> StoreResult<TaskCounts> {
        let total = count(self.counters()?.tasks);
        let connection = self.database(Flush::Tasks)?;
        let mut by = |kind| counts::by_value(connection, kind).map_err(store_error);
        Ok(TaskCounts {
            total,
            by_status: by(CountedField::Status)?,
            by_priority: by(CountedField::Priority)?,
        })
    }
}

/// Returns a task with its position and size.
fn placed(row: TaskRow) -> Placed<Task> {
    let task = Task::from(row);
    let size = task.size();
    (task.position(), task, size)
}

/// The maximum number of rows that one part of a search reads. It bounds the cost of a part without
/// matches.
const MAX_READ: usize = 10_000;

/// Returns the query of rows whose folded text matches the pattern.
pub(super) fn candidates_of(
    pattern: &str,
    rows: RowRange,
) -> impl LoadQuery<'static, PgConnection, TaskRow> + QueryFragment<Pg> {
    tasks::table
        .filter(tasks::folded.like(pattern.to_owned()).and(tasks::id.gt(after_id(rows.after))))
        .select(TaskRow::as_select())
        .order(tasks::id)
        .limit(rows.limit)
}

impl PostgresMemory<'_> {
    /// Stores the spellings of the names of a task that is about to be stored.
    fn note_names(&mut self, status: Option<&str>, assigned_to: Option<&str>) -> StoreResult<()> {
        status.into_iter().chain(assigned_to).try_for_each(|name| self.note_spelling(name))
    }
}

/// Returns the text to search. A line break separates title and description.
pub(super) fn folded(title: &str, description: Option<&str>) -> String {
    let fold = |text: &str| stored(&fold(text)).into_owned();
    let mut folded = fold(title);
    if let Some(description) = description {
        folded.push('\n');
        folded.push_str(&fold(description));
    }
    folded
}

/// The texts of a task in their stored form.
#[derive(QueryableByName)]
pub(super) struct Searched {
    #[diesel(sql_type = BigInt)]
    pub(super) id: i64,
    #[diesel(sql_type = Text)]
    pub(super) title: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) description: Option<String>,
    #[diesel(sql_type = Text)]
    pub(super) folded: String,
}

insert_of_columns!(
    InsertTasks,
    "INSERT INTO tasks (id, title, description, priority, status, assigned_to, created_at, updated_at, folded)",
    [
        numbers: BigInt = i64,
        titles: Nullable<Text> = Option<String>,
        descriptions: Nullable<Text> = Option<String>,
        priorities: Nullable<Text> = Option<String>,
        statuses: Nullable<Text> = Option<String>,
        assignees: Nullable<Text> = Option<String>,
        created: BigInt = i64,
        updated: BigInt = i64,
        folded: Text = String,
    ],
    ""
);

/// Stores new tasks with their ids.
pub(in crate::postgres) fn insert_tasks(
    connection: &mut PgConnection,
    tasks: &[Task],
) -> QueryResult<()> {
    let of = |column: fn(&Task) -> Option<&str>| -> Vec<Option<String>> {
        tasks.iter().map(|task| column(task).map(|text| stored(text).into_owned())).collect()
    };
    let numbers: Vec<i64> = tasks.iter().map(|task| task.id.0).collect();
    let created: Vec<i64> = tasks.iter().map(|task| task.created_at.as_micros()).collect();
    let updated: Vec<i64> = tasks.iter().map(|task| task.updated_at.as_micros()).collect();
    let folded: Vec<String> =
        tasks.iter().map(|task| folded(&task.title, task.description.as_deref())).collect();
    let insert = InsertTasks {
        numbers,
        titles: of(|task| Some(&task.title)),
        descriptions: of(|task| task.description.as_deref()),
        priorities: of(|task| task.priority.as_deref()),
        statuses: of(|task| task.status.as_deref()),
        assignees: of(|task| task.assigned_to.as_deref()),
        created,
        updated,
        folded,
    };
    insert.execute(connection).map(|_| ())
}
