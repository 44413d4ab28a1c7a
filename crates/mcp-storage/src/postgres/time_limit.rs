//! The time limit of a work: the database ends a statement that exceeds it.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mcp_core::memory::{StoreError, StoreResult};

use super::error::store_error;

/// Limits the statements of a work in its transaction.
pub(super) struct TimeLimit {
    until: Instant,
    /// The timeout of each statement, also without a limit.
    statement_timeout: Duration,
    /// The timeout that is set now.
    set: Duration,
}

impl TimeLimit {
    pub(super) fn new(until: Instant, statement_timeout: Duration) -> Self {
        Self { until, statement_timeout, set: Duration::MAX }
    }

    /// Limits the next statement to at most twice the time that is left. An exact limit for each
    /// statement would double the round trips.
    ///
    /// # Errors
    /// Returns `OutOfTime` if no time is left.
    pub(super) fn apply(&mut self, connection: &mut PgConnection) -> StoreResult<()> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(StoreError::OutOfTime);
        }
        if left < self.set / 2 {
            self.set = left.min(self.statement_timeout);
            set(connection, self.set).map_err(store_error)?;
        }
        Ok(())
    }
}

/// Sets the statement timeout until the transaction ends.
pub(super) fn set(connection: &mut PgConnection, timeout: Duration) -> QueryResult<()> {
    // 0 means no limit.
    let milliseconds = timeout.as_millis().max(1);
    connection.batch_execute(&format!("SET LOCAL statement_timeout = {milliseconds}"))
}
