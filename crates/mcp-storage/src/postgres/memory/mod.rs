//! The memory port over a connection with an open transaction.

mod configs;
mod counts;
mod documents;
mod filtered;
mod logs;
#[cfg(test)]
mod plans;
mod spellings;
mod tasks;
mod users;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use mcp_core::Timestamp;
use mcp_core::domain::{Page, Part, Position, may_be_spelled_differently};
use mcp_core::memory::{Memory, StoreError, StoreResult};
use serde_json::value::RawValue;

use super::counters::Counters;
use super::error::store_error;
use super::migrate;
use super::time_limit::TimeLimit;
use super::write_transaction::WriteTransaction;
use crate::spellings::composed;
pub(super) use counts::{CountChange, add_counts};
pub(super) use logs::{delete_logs, insert_logs};
pub(super) use spellings::compose_all;
pub(super) use tasks::insert_tasks;

/// Stored data, as a transaction flush it.
pub(super) struct PostgresMemory<'a> {
    connection: &'a mut PgConnection,
    now: Timestamp,
    /// `None` in a transaction that only reads.
    writing: Option<&'a mut WriteTransaction>,
    /// `None` for works without a time limit.
    limit: Option<TimeLimit>,
}

/// The pending rows that a statement needs in the database.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flush {
    Nothing,
    Tasks,
    Logs,
    Everything,
}

impl<'a> PostgresMemory<'a> {
    pub(super) fn reading(connection: &'a mut PgConnection, now: Timestamp) -> Self {
        Self { connection, now, writing: None, limit: None }
    }

    pub(super) fn writing(
        connection: &'a mut PgConnection,
        now: Timestamp,
        writing: &'a mut WriteTransaction,
    ) -> Self {
        Self { connection, now, writing: Some(writing), limit: None }
    }

    /// Sets the time limit of the statements.
    pub(super) fn within(mut self, limit: Option<TimeLimit>) -> Self {
        self.limit = limit;
        self
    }

    /// Returns the connection after sending the pending rows that the statement needs.
    fn database(&mut self, flush: Flush) -> StoreResult<&mut PgConnection> {
        if let Some(writing) = &mut self.writing {
            writing.open_savepoint(self.connection)?;
            if let Some(limit) = &mut self.limit {
                limit.apply(self.connection)?;
            }
            if matches!(flush, Flush::Tasks | Flush::Everything) {
                writing.send_tasks(self.connection).map_err(store_error)?;
                writing.send_counts(self.connection).map_err(store_error)?;
            }
            if matches!(flush, Flush::Logs | Flush::Everything) {
                writing.send_logs(self.connection).map_err(store_error)?;
            }
        } else if let Some(limit) = &mut self.limit {
            limit.apply(self.connection)?;
        }
        Ok(self.connection)
    }

    /// Returns the texts that a name may be stored as.
    fn spellings(&mut self, name: &str) -> StoreResult<Vec<String>> {
        if !may_be_spelled_differently(name) {
            return Ok(vec![name.to_owned()]);
        }
        spellings::spellings_of(self.database(Flush::Nothing)?, name).map_err(store_error)
    }

    /// Stores the spelling of a name that is about to be stored.
    fn note_spelling(&mut self, spelling: &str) -> StoreResult<()> {
        let Some(name) = composed(spelling) else { return Ok(()) };
        spellings::note(self.database(Flush::Nothing)?, &name, spelling).map_err(store_error)
    }

    fn counters(&mut self) -> StoreResult<Counters> {
        match &self.writing {
            Some(writing) => Ok(writing.counters),
            None => Counters::read(self.connection).map_err(store_error),
        }
    }

    fn written(&mut self) -> StoreResult<&mut WriteTransaction> {
        self.writing
            .as_deref_mut()
            .ok_or_else(|| StoreError::ReadOnly("the transaction only reads".into()))
    }
}

impl Memory for PostgresMemory<'_> {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn reset(&mut self) -> StoreResult<()> {
        let now = self.now.as_micros();
        self.written()?;
        let connection = self.database(Flush::Everything)?;
        let counters = delete_everything(connection)
            .and_then(|()| migrate::insert_defaults(connection, Counters::default(), now))
            .map_err(store_error)?;
        self.written()?.counters = counters;
        Ok(())
    }
}

/// Deletes all rows except documents. The duration grows with the rows, so the statement timeout does not apply.
/// `DELETE` instead of `TRUNCATE`: running reads keep their snapshot, and a reset does not wait for
/// a long reader such as `pg_dump`.
fn delete_everything(connection: &mut PgConnection) -> QueryResult<()> {
    let limit: String =
        diesel::select(sql::<Text>("current_setting('statement_timeout')")).first(connection)?;
    connection.batch_execute(&format!(
        "SET LOCAL statement_timeout = 0;
         DELETE FROM spellings; DELETE FROM users; DELETE FROM tasks;
         DELETE FROM task_counts; DELETE FROM config; DELETE FROM logs;
         SET LOCAL statement_timeout = '{limit}'"
    ))
}

/// The rows of one query.
#[derive(Clone, Copy)]
struct RowRange {
    after: Option<Position>,
    limit: i64,
    offset: i64,
}

/// The maximum number of rows per query. It bounds the memory of a page that is limited by its
/// bytes, or not at all.
const MAX_ROWS: u64 = 256;

/// A row, its position and the size of its texts in bytes.
type Placed<T> = (Position, T, usize);

/// Returns a page of the rows that `ask` finds.
fn part<T>(
    connection: &mut PgConnection,
    page: Page,
    ask: impl FnMut(&mut PgConnection, RowRange) -> QueryResult<Vec<Placed<T>>>,
) -> StoreResult<Part<T>> {
    // The query applies the offset.
    Page { offset: 0, ..page }.take(rows(connection, page, ask)).map_err(store_error)
}

/// Returns the rows of a page, with several queries if more are taken.
fn rows<T>(
    connection: &mut PgConnection,
    page: Page,
    mut ask: impl FnMut(&mut PgConnection, RowRange) -> QueryResult<Vec<Placed<T>>>,
) -> impl Iterator<Item = QueryResult<Placed<T>>> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let mut left = page.limit.unwrap_or(u64::MAX);
    let mut rows = RowRange { after: page.after, limit: 0, offset: number(page.offset) };
    let mut found = Vec::new().into_iter();
    std::iter::from_fn(move || {
        if found.len() == 0 && left > 0 {
            let wanted = left.min(MAX_ROWS);
            rows.limit = number(wanted);
            let more = match ask(connection, rows) {
                Ok(more) => more,
                Err(error) => {
                    left = 0;
                    return Some(Err(error));
                }
            };
            let count = more.len() as u64;
            // Fewer rows than the limit are the last.
            left = if count < wanted { 0 } else { left - count };
            rows.after = more.last().map_or(rows.after, |(position, ..)| Some(*position));
            rows.offset = 0;
            found = more.into_iter();
        }
        found.next().map(Ok)
    })
}

fn after_id(after: Option<Position>) -> i64 {
    after.map_or(0, |Position(id)| id)
}

fn count(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or_default()
}

/// Parses stored JSON.
fn json(text: String) -> StoreResult<Box<RawValue>> {
    RawValue::from_string(text)
        .map_err(|error| StoreError::Damaged(format!("stored JSON cannot be read: {error}")))
}
