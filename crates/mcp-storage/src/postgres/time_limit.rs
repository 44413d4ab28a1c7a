//! The time that a work may take: the database ends the statement that overruns it.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mcp_core::memory::{StoreError, StoreResult};

use super::error::store_error;

/// Bounds the statements of a work inside its transaction.
pub(super) struct TimeLimit {
    until: Instant,
    /// How long every statement may take, also of works without a limit.
    statement_timeout: Duration,
    /// How long the database lets the next statement take.
    set: Duration,
}

impl TimeLimit {
    /// A limit that ends at `until`.
    pub(super) fn new(until: Instant, statement_timeout: Duration) -> Self {
        Self { until, statement_timeout, set: Duration::MAX }
    }

    /// Bounds the statement that comes next by at most twice the time that is left: to say it anew
    /// for each would double the round trips.
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

/// Sets how long each statement may take until the transaction ends.
pub(super) fn set(connection: &mut PgConnection, timeout: Duration) -> QueryResult<()> {
    // 0 means no limit.
    let milliseconds = timeout.as_millis().max(1);
    connection.batch_execute(&format!("SET LOCAL statement_timeout = {milliseconds}"))
}
