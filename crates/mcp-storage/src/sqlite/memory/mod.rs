//! The memory port over a connection with an open transaction.

mod configs;
mod counts;
mod documents;
mod indexing;
mod listed;
mod logs;
#[cfg(test)]
mod plans;
mod search;
mod spellings;
mod tasks;
mod users;

use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use mcp_core::Timestamp;
use mcp_core::memory::{Memory, StoreError, StoreResult};
use serde_json::value::RawValue;

use super::derived::Health;
use super::error::{out_of_time, store_error};
use super::migrate;
pub(super) use indexing::{
    Backlog, Words, clear_index, count_tasks, index_tasks, indexed_through, is_to_be_cleared,
    merge_index, trigrams,
};
pub(super) use logs::trim_logs;
use spellings::spellings_of;
pub(super) use spellings::{note_all, note_is_missing, uncomposed_names};

/// Stored data, as a transaction sees it.
pub(super) struct SqliteMemory<'a> {
    connection: &'a mut SqliteConnection,
    now: Timestamp,
    /// The maximum number of visible log entries. Older ones may still be in the file.
    retention: u32,
    health: &'a Health,
    /// The deadline of the work, if it has one.
    until: Option<Instant>,
}

impl<'a> SqliteMemory<'a> {
    pub(super) fn new(
        connection: &'a mut SqliteConnection,
        now: Timestamp,
        retention: u32,
        health: &'a Health,
    ) -> Self {
        Self { connection, now, retention, health, until: None }
    }

    /// Sets the deadline after which reading rows fails.
    pub(super) fn until(mut self, until: Option<Instant>) -> Self {
        self.until = until;
        self
    }

    /// Returns the texts that a name may be stored as.
    fn spellings(&mut self, name: &str) -> StoreResult<Vec<String>> {
        spellings_of(self.connection, name).map_err(store_error)
    }
}

impl Memory for SqliteMemory<'_> {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn reset(&mut self) -> StoreResult<()> {
        let now = self.now.as_micros();
        clear(self.connection)
            .and_then(|()| migrate::insert_defaults(self.connection, now))
            .map_err(store_error)
    }
}

/// Empties every table except `documents`. The triggers are dropped meanwhile, because they would run for each row.
/// The writer clears the search index later, in steps, as in a rebuild.
fn clear(connection: &mut SqliteConnection) -> QueryResult<()> {
    let triggers: Vec<Trigger> =
        sql_query("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").load(connection)?;
    for trigger in &triggers {
        connection.batch_execute(&format!("DROP TRIGGER {}", trigger.name))?;
    }
    connection.batch_execute(
        "DELETE FROM users; DELETE FROM tasks; DELETE FROM config; DELETE FROM logs;
         DELETE FROM spellings; DELETE FROM row_counts; DELETE FROM tasks_unsearched;
         UPDATE tasks_indexed SET through = 0; UPDATE tasks_counted SET through = 0;
         DELETE FROM sqlite_sequence;",
    )?;
    triggers.iter().try_for_each(|trigger| connection.batch_execute(&trigger.sql))
}

#[derive(QueryableByName)]
struct Trigger {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

/// Replaces the rows after the deadline by an error. Also checks an empty list, which may have
/// taken time too.
fn with_deadline<T>(
    until: Option<Instant>,
    rows: impl Iterator<Item = QueryResult<T>>,
) -> impl Iterator<Item = QueryResult<T>> {
    let is_late = move || until.is_some_and(|until| Instant::now() >= until);
    let late = is_late().then(|| Err(out_of_time()));
    late.into_iter().chain(rows.map(move |row| if is_late() { Err(out_of_time()) } else { row }))
}

fn count(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or_default()
}

/// Parses stored JSON.
fn json(text: String) -> StoreResult<Box<RawValue>> {
    RawValue::from_string(text)
        .map_err(|error| StoreError::Damaged(format!("stored JSON cannot be read: {error}")))
}
