//! Search through the index of trigrams (`tasks_search`), and what keeps the index in step.
//!
//! The index knows which rows hold which three characters, and no more. What it finds are
//! candidates: each is looked at again, so that the answer is that of [`SearchText::is_in`]. A text
//! of fewer than three characters is looked for in every row.

use std::collections::BTreeSet;

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::query_builder::QueryFragment;
use diesel::query_dsl::methods::LoadQuery;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;
use mcp_core::domain::{Page, Part, Position, SearchText, Task, fold_case};
use mcp_core::memory::StoreResult;

use super::SqliteMemory;
use super::tasks::Row;
use crate::sqlite::error::store_error;
use crate::sqlite::schema::{tasks, tasks_search, tasks_unsearched};

diesel::infix_operator!(Match, " MATCH ", Bool, backend: Sqlite);

/// How many trigrams of a text are asked for at most. More would not find fewer rows.
const MOST_TRIGRAMS: usize = 24;
/// How many rows are looked at for one part: what a part costs is bounded, found or not.
const MOST_LOOKED_AT: usize = 10_000;
/// Up to how many tasks that are not in the index are looked at beside it. Above, every row is.
const MOST_UNSEARCHED: usize = 2_000;

impl SqliteMemory<'_> {
    pub(super) fn search(&mut self, text: &SearchText, page: Page) -> StoreResult<Part<Task>> {
        let unsearched = self.unsearched(page.after).map_err(store_error)?;
        match query(text.folded()) {
            Some(query) if unsearched.len() <= MOST_UNSEARCHED => {
                self.search_indexed(&query, &unsearched, text, page).map_err(store_error)
            }
            _ => self.search_every_row(text, page).map_err(store_error),
        }
    }

    /// The rows that hold every trigram, and those that are not in the index as they are now.
    fn search_indexed(
        &mut self,
        query: &str,
        unsearched: &BTreeSet<i64>,
        text: &SearchText,
        page: Page,
    ) -> QueryResult<Part<Task>> {
        let changed: Vec<Row> = if unsearched.is_empty() {
            Vec::new()
        } else {
            tasks_unsearched::table
                .inner_join(tasks::table.on(tasks::id.eq(tasks_unsearched::id)))
                .filter(tasks_unsearched::id.gt(behind(page.after)))
                .order(tasks_unsearched::id)
                .select(Row::as_select())
                .load(self.connection)?
        };
        let mut changed = changed.into_iter().map(Task::from).peekable();
        let mut found = found(query, page.after)
            .load_iter::<Row, _>(self.connection)?
            .map(|row| row.map(Task::from))
            .filter(|row| {
                row.as_ref().is_ok_and(|task| !unsearched.contains(&task.id.0)) || row.is_err()
            })
            .peekable();
        // Both are in the order of their numbers.
        let candidates = std::iter::from_fn(move || match (changed.peek(), found.peek()) {
            (Some(task), Some(Ok(next))) if task.id < next.id => changed.next().map(Ok),
            (Some(_), None) => changed.next().map(Ok),
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
        looked_through(rows.map(|row| row.map(Task::from)), text, page)
    }

    /// The tasks behind a place that are not in the index as they are now; of many, the first ones.
    fn unsearched(&mut self, after: Option<Position>) -> QueryResult<BTreeSet<i64>> {
        let ids: Vec<i64> = tasks_unsearched::table
            .filter(tasks_unsearched::id.gt(behind(after)))
            .order(tasks_unsearched::id)
            .limit(i64::try_from(MOST_UNSEARCHED).unwrap_or(i64::MAX) + 1)
            .select(tasks_unsearched::id)
            .load(self.connection)?;
        Ok(ids.into_iter().collect())
    }
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
    let characters: Vec<char> = indexed(folded).chars().collect();
    let trigrams: Vec<String> = characters.windows(3).map(|three| three.iter().collect()).collect();
    let step = trigrams.len().div_ceil(MOST_TRIGRAMS).max(1);
    let wanted: BTreeSet<String> = trigrams
        .into_iter()
        .step_by(step)
        .map(|trigram| format!("\"{}\"", trigram.replace('"', "\"\"")))
        .collect();
    (!wanted.is_empty()).then(|| wanted.into_iter().collect::<Vec<_>>().join(" AND "))
}

/// A folded text as it is in the index, whose tokenizer ends a text at NUL.
fn indexed(folded: &str) -> String {
    folded.replace('\0', "\u{fffd}")
}

/// How many tasks changed since they were put into the index.
pub(in crate::sqlite) fn unsearched_tasks(connection: &mut SqliteConnection) -> QueryResult<i64> {
    tasks_unsearched::table.select(count_star()).first(connection)
}

/// Puts tasks into the index that changed since they were put there: at most so many. Gives back
/// how many it were.
pub(in crate::sqlite) fn index_tasks(
    connection: &mut SqliteConnection,
    at_most: i64,
) -> QueryResult<usize> {
    let ids: Vec<i64> = tasks_unsearched::table
        .select(tasks_unsearched::id)
        .order(tasks_unsearched::id)
        .limit(at_most)
        .load(connection)?;
    let Some(last) = ids.last().copied() else { return Ok(0) };
    for id in &ids {
        diesel::delete(tasks_search::table.filter(tasks_search::rowid.eq(id)))
            .execute(connection)?;
        let texts: Option<(String, Option<String>)> = tasks::table
            .find(id)
            .select((tasks::title, tasks::description))
            .first(connection)
            .optional()?;
        if let Some((title, description)) = texts {
            let text =
                indexed(&fold_case(&format!("{title}\n{}", description.unwrap_or_default())));
            diesel::insert_into(tasks_search::table)
                .values((tasks_search::rowid.eq(id), tasks_search::text.eq(text)))
                .execute(connection)?;
        }
    }
    diesel::delete(tasks_unsearched::table.filter(tasks_unsearched::id.le(last)))
        .execute(connection)?;
    Ok(ids.len())
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
