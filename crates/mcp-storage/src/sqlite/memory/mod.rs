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

use super::error::store_error;
use super::migrate;
pub(super) use logs::trim_logs;

/// Stored data, seen through a transaction.
pub(super) struct SqliteMemory<'a> {
    connection: &'a mut SqliteConnection,
    now: Timestamp,
}

impl<'a> SqliteMemory<'a> {
    pub(super) fn new(connection: &'a mut SqliteConnection, now: Timestamp) -> Self {
        Self { connection, now }
    }
}

impl Memory for SqliteMemory<'_> {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn reset(&mut self) -> StoreResult<()> {
        self.connection
            .batch_execute(
                "DELETE FROM users; DELETE FROM tasks; DELETE FROM config; DELETE FROM logs;
                 DELETE FROM sqlite_sequence;",
            )
            .and_then(|()| migrate::insert_defaults(self.connection, self.now.as_micros()))
            .map_err(store_error)
    }
}

/// SQLite's LIMIT: negative means all.
fn limit(page: Page) -> i64 {
    page.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX))
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
