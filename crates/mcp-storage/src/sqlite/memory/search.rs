//! Search with the index of trigrams (`tasks_search`).
//!
//! The index only knows which rows contain which three characters. Its results are candidates, and
//! [`SearchText::is_in`] checks each. A text of fewer than three characters is searched for in
//! every row.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::query_builder::QueryFragment;
use diesel::query_dsl::methods::LoadQuery;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;
use mcp_core::domain::{Page, Part, Position, SearchText, Task};
use mcp_core::memory::StoreResult;

use super::indexing::{indexed, indexed_through, trigrams};
use super::tasks::TaskRow;
use super::{SqliteMemory, with_deadline};
use crate::sqlite::derived::{is_of_the_index, segments};
use crate::sqlite::error::store_error;
use crate::sqlite::schema::{tasks, tasks_search, tasks_unsearched};

diesel::infix_operator!(Match, " MATCH ", Bool, backend: Sqlite);

/// The maximum number of trigrams in a query. More would not find fewer rows.
const MAX_TRIGRAMS: usize = 24;
/// The maximum number of rows that one part of a search reads. It bounds the cost of a part without
/// matches.
const MAX_ROWS: usize = 10_000;
/// The maximum number of unindexed tasks that are searched besides the index, and their size. Beyond, the
/// search reads every row.
const MAX_UNINDEXED: usize = 2_000;
const MAX_UNINDEXED_BYTES: usize = 8 * 1024 * 1024;

impl SqliteMemory<'_> {
    pub(super) fn search(&mut self, text: &SearchText, page: Page) -> StoreResult<Part<Task>> {
        self.search_tasks_for(text, page).map_err(store_error)
    }

    fn search_tasks_for(&mut self, text: &SearchText, page: Page) -> QueryResult<Part<Task>> {
        let Some(query) = query(text.folded()) else { return self.search_every_row(text, page) };
        if !self.health.has_sound_index() {
            return self.search_every_row(text, page);
        }
        let unindexed = self.unindexed(page.after)?;
        let Some(unindexed) = unindexed else { return self.search_every_row(text, page) };
        match segments(self.connection) {
            // To FTS5, a zeroed record is an empty index.
            None => {
                log::warn!("the search index has no structure record; rebuilding it");
                self.health.index_is_damaged();
                return self.search_every_row(text, page);
            }
            Some(0) => return self.search_every_row(text, page),
            Some(_) => {}
        }
        match self.search_indexed(&query, unindexed, text, page) {
            Err(error) if is_of_the_index(&error) => {
                let part = self.search_every_row(text, page)?;
                // The tasks are readable, so the index is damaged.
                log::warn!("the search index is damaged, rebuilding it: {error}");
                self.health.index_is_damaged();
                Ok(part)
            }
            found => found,
        }
    }

    /// Searches the rows that contain every trigram, and the rows that the index lacks.
    fn search_indexed(
        &mut self,
        query: &str,
        unindexed: Unindexed,
        text: &SearchText,
        page: Page,
    ) -> QueryResult<Part<Task>> {
        let Unindexed { through, changed, tasks } = unindexed;
        let mut unindexed = tasks.into_iter().peekable();
        let found = found(query, page.after).load_iter::<TaskRow, _>(self.connection)?;
        let mut found = with_deadline(self.until, found)
            .map(|row| row.map(Task::from))
            .filter(|row| {
                let is_as_indexed =
                    |task: &Task| task.id.0 <= through && !changed.contains(&task.id.0);
                row.as_ref().map_or(true, is_as_indexed)
            })
            .peekable();
        // Both are in order of ids.
        let candidates = std::iter::from_fn(move || match (unindexed.peek(), found.peek()) {
            (Some(task), Some(Ok(next))) if task.id < next.id => unindexed.next().map(Ok),
            (Some(_), None) => unindexed.next().map(Ok),
            _ => found.next(),
        });
        matching_part(candidates, text, page)
    }

    fn search_every_row(&mut self, text: &SearchText, page: Page) -> QueryResult<Part<Task>> {
        let rows = tasks::table
            .filter(tasks::id.gt(after_id(page.after)))
            .order(tasks::id)
            .select(TaskRow::as_select())
            .load_iter::<TaskRow, _>(self.connection)?;
        matching_part(with_deadline(self.until, rows).map(|row| row.map(Task::from)), text, page)
    }

    /// Returns the tasks after a position that the index lacks or has in an older form; `None` if
    /// there are many, or if the index is empty.
    fn unindexed(&mut self, after: Option<Position>) -> QueryResult<Option<Unindexed>> {
        let through = indexed_through(self.connection)?;
        if through == 0 {
            return Ok(None);
        }
        let at_most = i64::try_from(MAX_UNINDEXED).unwrap_or(i64::MAX);
        let changed: Vec<i64> = tasks_unsearched::table
            .filter(tasks_unsearched::id.gt(after_id(after)))
            .order(tasks_unsearched::id)
            .limit(at_most + 1)
            .select(tasks_unsearched::id)
            .load(self.connection)?;
        if changed.len() > MAX_UNINDEXED {
            return Ok(None);
        }
        let mut buffer = TaskBuffer::default();
        if !changed.is_empty() {
            let rows = tasks_unsearched::table
                .inner_join(tasks::table.on(tasks::id.eq(tasks_unsearched::id)))
                .filter(tasks_unsearched::id.gt(after_id(after)))
                .order(tasks_unsearched::id)
                .select(TaskRow::as_select())
                .load_iter::<TaskRow, _>(self.connection)?;
            buffer.take(with_deadline(self.until, rows))?;
        }
        let new = tasks::table
            .filter(tasks::id.gt(through.max(after_id(after))))
            .order(tasks::id)
            .select(TaskRow::as_select())
            .load_iter::<TaskRow, _>(self.connection)?;
        buffer.take(with_deadline(self.until, new))?;
        let changed = changed.into_iter().collect();
        let is_complete = buffer.is_within_limits();
        let tasks = buffer.tasks;
        Ok(is_complete.then_some(Unindexed { through, changed, tasks }))
    }
}

/// Tasks to search, with their size.
#[derive(Default)]
struct TaskBuffer {
    tasks: Vec<Task>,
    bytes: usize,
}

impl TaskBuffer {
    /// Takes rows up to the limits.
    fn take(&mut self, rows: impl Iterator<Item = QueryResult<TaskRow>>) -> QueryResult<()> {
        for row in rows {
            let task = Task::from(row?);
            self.bytes += task.size();
            self.tasks.push(task);
            if !self.is_within_limits() {
                break;
            }
        }
        Ok(())
    }

    fn is_within_limits(&self) -> bool {
        self.tasks.len() <= MAX_UNINDEXED && self.bytes <= MAX_UNINDEXED_BYTES
    }
}

/// The tasks that the index lacks, or has in an older form.
struct Unindexed {
    /// The id of the last task in the index.
    through: i64,
    /// The ids of changed or removed tasks in the index.
    changed: BTreeSet<i64>,
    /// The changed tasks that still exist, followed by the new ones: in order of ids.
    tasks: Vec<Task>,
}

/// Returns the query of the tasks after a position that the index finds, in order.
pub(super) fn found(query: &str, after: Option<Position>) -> impl TaskQuery + use<> {
    tasks_search::table
        .inner_join(tasks::table.on(tasks::id.eq(tasks_search::rowid)))
        .filter(Match::new(tasks_search::row, query.to_owned().into_sql::<Text>()))
        .filter(tasks_search::rowid.gt(after_id(after)))
        .order(tasks_search::rowid)
        .select(TaskRow::as_select())
}

/// A query of tasks that can be run and explained.
pub(super) trait TaskQuery:
    for<'a> LoadQuery<'a, SqliteConnection, TaskRow>
    + RunQueryDsl<SqliteConnection>
    + QueryFragment<Sqlite>
{
}

impl<T> TaskQuery for T where
    T: for<'a> LoadQuery<'a, SqliteConnection, TaskRow>
        + RunQueryDsl<SqliteConnection>
        + QueryFragment<Sqlite>
{
}

/// Returns the part of the candidates that contain the text. It also ends after [`MAX_ROWS`].
fn matching_part(
    candidates: impl Iterator<Item = QueryResult<Task>>,
    text: &SearchText,
    page: Page,
) -> QueryResult<Part<Task>> {
    let mut read = 0;
    let mut last = None;
    let rows = candidates
        .take_while(|_| {
            read += 1;
            read <= MAX_ROWS
        })
        .inspect(|task| last = task.as_ref().ok().map(Task::position))
        .filter(|task| task.as_ref().map_or(true, |task| text.is_in(task)))
        .map(|task| task.map(|task| (task.position(), task.size(), task)))
        .map(|task| task.map(|(position, size, task)| (position, task, size)));
    let mut part = page.take(rows)?;
    if part.next.is_none() && read > MAX_ROWS {
        part.next = last;
    }
    Ok(part)
}

fn after_id(after: Option<Position>) -> i64 {
    after.map_or(0, |Position(id)| id)
}

/// Returns the query for the index: every trigram of the text, or an even selection of them. `None`
/// if the text has no trigram.
fn query(folded: &str) -> Option<String> {
    let indexed = indexed(folded);
    let trigrams = trigrams(&indexed);
    let step = trigrams.len().div_ceil(MAX_TRIGRAMS).max(1);
    let wanted: Vec<String> = trigrams
        .into_iter()
        .step_by(step)
        .map(|trigram| format!("\"{}\"", trigram.replace('"', "\"\"")))
        .collect();
    (!wanted.is_empty()).then(|| wanted.join(" AND "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_asks_for_every_trigram_and_quotes_it() {
        assert_eq!(query("ab"), None);
        assert_eq!(query("ab\"c").as_deref(), Some(r#""ab""" AND "b""c""#));
        assert_eq!(query("straß").as_deref(), Some(r#""raß" AND "str" AND "tra""#));
        let long = query(&"abcdefghij".repeat(1000)).expect("trigrams");
        assert!(long.matches("AND").count() < MAX_TRIGRAMS, "{long}");
    }
}
