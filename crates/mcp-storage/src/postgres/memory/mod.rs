//! The memory port over a connection, inside the transaction that is open on it.

mod configs;
mod logs;
mod tasks;
mod users;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mcp_core::Timestamp;
use mcp_core::domain::Page;
use mcp_core::memory::{Memory, StoreError, StoreResult};
use serde_json::value::RawValue;

use super::counters::Counters;
use super::error::store_error;
use super::migrate;
use super::writing::Writing;
pub(super) use logs::{delete_logs, insert_logs};
pub(super) use tasks::insert_tasks;

/// Stored data, seen through a transaction.
pub(super) struct PostgresMemory<'a> {
    connection: &'a mut PgConnection,
    now: Timestamp,
    /// None in a transaction that only reads.
    writing: Option<&'a mut Writing>,
}

/// What of the rows that wait a statement looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sees {
    NoRows,
    Tasks,
    Logs,
    Everything,
}

impl<'a> PostgresMemory<'a> {
    pub(super) fn reading(connection: &'a mut PgConnection, now: Timestamp) -> Self {
        Self { connection, now, writing: None }
    }

    pub(super) fn writing(
        connection: &'a mut PgConnection,
        now: Timestamp,
        writing: &'a mut Writing,
    ) -> Self {
        Self { connection, now, writing: Some(writing) }
    }

    /// The connection, for a statement that looks at, or changes, those rows.
    fn database(&mut self, sees: Sees) -> StoreResult<&mut PgConnection> {
        if let Some(writing) = &mut self.writing {
            writing.open_savepoint(self.connection)?;
            if matches!(sees, Sees::Tasks | Sees::Everything) {
                writing.send_tasks(self.connection).map_err(store_error)?;
            }
            if matches!(sees, Sees::Logs | Sees::Everything) {
                writing.send_logs(self.connection).map_err(store_error)?;
            }
        }
        Ok(self.connection)
    }

    fn counters(&mut self) -> StoreResult<Counters> {
        match &self.writing {
            Some(writing) => Ok(writing.counters),
            None => Counters::read(self.connection).map_err(store_error),
        }
    }

    fn written(&mut self) -> StoreResult<&mut Writing> {
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
        // DELETE and not TRUNCATE: who reads now keeps what was there when the read began.
        let connection = self.database(Sees::Everything)?;
        let counters = connection
            .batch_execute(
                "DELETE FROM users; DELETE FROM tasks; DELETE FROM config; DELETE FROM logs",
            )
            .and_then(|()| migrate::insert_defaults(connection, Counters::default(), now))
            .map_err(store_error)?;
        self.written()?.counters = counters;
        Ok(())
    }
}

/// None for all.
fn limit(page: Page) -> Option<i64> {
    page.limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX))
}

fn offset(page: Page) -> i64 {
    i64::try_from(page.offset).unwrap_or(i64::MAX)
}

fn count(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or_default()
}

/// JSON text that was stored as such.
fn json(text: String) -> StoreResult<Box<RawValue>> {
    RawValue::from_string(text)
        .map_err(|error| StoreError::Damaged(format!("stored JSON cannot be read: {error}")))
}
