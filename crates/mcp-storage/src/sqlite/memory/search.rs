//! Search through the index of trigrams (`tasks_search`).
//!
//! The index knows which rows hold which three characters, and no more. What it finds are
//! candidates: each is looked at again, so that the answer is that of [`SearchText::is_in`]. A text
//! of fewer than three characters is looked for in every row.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::query_builder::QueryFragment;
use diesel::query_dsl::methods::LoadQuery;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;
use mcp_core::domain::{Page, Part, Position, SearchText, Task};
use mcp_core::memory::StoreResult;

use super::indexing::{indexed, indexed_through, trigrams};
use super::tasks::Row;
use super::{SqliteMemory, in_time};
use crate::sqlite::derived::{is_of_the_index, segments};
use crate::sqlite::error::store_error;
use crate::sqlite::schema::{tasks, tasks_search, tasks_unsearched};

diesel::infix_operator!(Match, " MATCH ", Bool, backend: Sqlite);

/// How many trigrams of a text are asked for at most. More would not find fewer rows.
const MOST_TRIGRAMS: usize = 24;
/// How many rows are looked at for one part: what a part costs is bounded, found or not.
const MOST_LOOKED_AT: usize = 10_000;
/// Up to how many tasks that are not in the index are looked at beside it, and up to how many bytes
/// of them. Above, every row is looked at.
const MOST_UNINDEXED: usize = 2_000;
const MOST_UNINDEXED_BYTES: usize = 8 * 1024 * 1024;

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
            // A record that is zeroed is an empty index to FTS5.
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
                // The tasks can be read, so it is the index that cannot.
                log::warn!("the search index is damaged, rebuilding it: {error}");
                self.health.index_is_damaged();
                Ok(part)
            }
            found => found,
        }
    }

    /// The rows that hold every trigram, and those that are not in the index as they are now.
    fn search_indexed(
        &mut self,
        query: &str,
        unindexed: Unindexed,
        text: &SearchText,
        page: Page,
    ) -> QueryResult<Part<Task>> {
        let Unindexed { through, changed, tasks } = unindexed;
        let mut beside = tasks.into_iter().peekable();
        let found = found(query, page.after).load_iter::<Row, _>(self.connection)?;
        let mut found = in_time(self.until, found)
            .map(|row| row.map(Task::from))
            .filter(|row| {
                let is_as_indexed =
                    |task: &Task| task.id.0 <= through && !changed.contains(&task.id.0);
                row.as_ref().map_or(true, is_as_indexed)
            })
            .peekable();
        // Both are in the order of their numbers.
        let candidates = std::iter::from_fn(move || match (beside.peek(), found.peek()) {
            (Some(task), Some(Ok(next))) if task.id < next.id => beside.next().map(Ok),
            (Some(_), None) => beside.next().map(Ok),
            _ => found.next(),
        });
        looked_through(candidates, text, page)
    }

    fn search_every_row(&mut self, text: &SearchText, page: Page) -> QueryResult<Part<Task>> {
        let rows = tasks::table
            .filter(tasks::id.gt(behind(page.after)))
            .order(tasks::id)
            .select(Row::as_select())
            .load_iter::<Row, _>(self.connection)?;
        looked_through(in_time(self.until, rows).map(|row| row.map(Task::from)), text, page)
    }

    /// The tasks behind a place that are not in the index as they are now; none if there are many, or
    /// nothing is in the index.
    fn unindexed(&mut self, after: Option<Position>) -> QueryResult<Option<Unindexed>> {
        let through = indexed_through(self.connection)?;
        if through == 0 {
            return Ok(None);
        }
        let at_most = i64::try_from(MOST_UNINDEXED).unwrap_or(i64::MAX);
        let changed: Vec<i64> = tasks_unsearched::table
            .filter(tasks_unsearched::id.gt(behind(after)))
            .order(tasks_unsearched::id)
            .limit(at_most + 1)
            .select(tasks_unsearched::id)
            .load(self.connection)?;
        if changed.len() > MOST_UNINDEXED {
            return Ok(None);
        }
        let mut beside = Beside::default();
        if !changed.is_empty() {
            let rows = tasks_unsearched::table
                .inner_join(tasks::table.on(tasks::id.eq(tasks_unsearched::id)))
                .filter(tasks_unsearched::id.gt(behind(after)))
                .order(tasks_unsearched::id)
                .select(Row::as_select())
                .load_iter::<Row, _>(self.connection)?;
            beside.take(in_time(self.until, rows))?;
        }
        let new = tasks::table
            .filter(tasks::id.gt(through.max(behind(after))))
            .order(tasks::id)
            .select(Row::as_select())
            .load_iter::<Row, _>(self.connection)?;
        beside.take(in_time(self.until, new))?;
        let changed = changed.into_iter().collect();
        let is_all = beside.are_few();
        let tasks = beside.tasks;
        Ok(is_all.then_some(Unindexed { through, changed, tasks }))
    }
}

/// Tasks that are held to be looked at.
#[derive(Default)]
struct Beside {
    tasks: Vec<Task>,
    bytes: usize,
}

impl Beside {
    /// Takes rows for as long as they are few.
    fn take(&mut self, rows: impl Iterator<Item = QueryResult<Row>>) -> QueryResult<()> {
        for row in rows {
            let task = Task::from(row?);
            self.bytes += task.size();
            self.tasks.push(task);
            if !self.are_few() {
                break;
            }
        }
        Ok(())
    }

    fn are_few(&self) -> bool {
        self.tasks.len() <= MOST_UNINDEXED && self.bytes <= MOST_UNINDEXED_BYTES
    }
}

/// What is not in the index as it is now.
struct Unindexed {
    /// The number of the last task in the index.
    through: i64,
    /// The numbers of tasks that are or were in the index.
    changed: BTreeSet<i64>,
    /// Those of them that are still there, and behind them the new ones: in the order of numbers.
    tasks: Vec<Task>,
}

/// The tasks behind a place that the index finds, in their order.
pub(super) fn found(query: &str, after: Option<Position>) -> impl Found + use<> {
    tasks_search::table
        .inner_join(tasks::table.on(tasks::id.eq(tasks_search::rowid)))
        .filter(Match::new(tasks_search::row, query.to_owned().into_sql::<Text>()))
        .filter(tasks_search::rowid.gt(behind(after)))
        .order(tasks_search::rowid)
        .select(Row::as_select())
}

/// A query for tasks that can be run and explained.
pub(super) trait Found:
    for<'a> LoadQuery<'a, SqliteConnection, Row> + RunQueryDsl<SqliteConnection> + QueryFragment<Sqlite>
{
}

impl<T> Found for T where
    T: for<'a> LoadQuery<'a, SqliteConnection, Row>
        + RunQueryDsl<SqliteConnection>
        + QueryFragment<Sqlite>
{
}

/// The part of the candidates that hold the text. Ends where enough were looked at, too.
fn looked_through(
    candidates: impl Iterator<Item = QueryResult<Task>>,
    text: &SearchText,
    page: Page,
) -> QueryResult<Part<Task>> {
    let mut looked_at = 0;
    let mut last = None;
    let rows = candidates
        .take_while(|_| {
            looked_at += 1;
            looked_at <= MOST_LOOKED_AT
        })
        .inspect(|task| last = task.as_ref().ok().map(Task::position))
        .filter(|task| task.as_ref().map_or(true, |task| text.is_in(task)))
        .map(|task| task.map(|task| (task.position(), task.size(), task)))
        .map(|task| task.map(|(position, size, task)| (position, task, size)));
    let mut part = page.take(rows)?;
    if part.next.is_none() && looked_at > MOST_LOOKED_AT {
        part.next = last;
    }
    Ok(part)
}

fn behind(after: Option<Position>) -> i64 {
    after.map_or(0, |Position(id)| id)
}

/// What the index is asked for: every trigram of the text, or some of them, spread evenly. `None`
/// for a text that has none.
fn query(folded: &str) -> Option<String> {
    let indexed = indexed(folded);
    let trigrams = trigrams(&indexed);
    let step = trigrams.len().div_ceil(MOST_TRIGRAMS).max(1);
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
        assert!(long.matches("AND").count() < MOST_TRIGRAMS, "{long}");
    }
}
