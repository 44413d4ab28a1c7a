//! The state of a transaction that writes.

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel::result::Error;
use mcp_core::domain::{LogEntry, Task};
use mcp_core::memory::{StoreError, StoreResult};

use super::counters::Counters;
use super::error::store_error;
use super::memory::{CountChange, add_counts, delete_logs, insert_logs, insert_tasks};
use super::pending::Pending;

/// The changes of a transaction that writes which are not in the database yet.
pub(super) struct WriteTransaction {
    pub(super) counters: Counters,
    /// The counters at the beginning of the transaction.
    start: Counters,
    /// The counters before the current job.
    before: Counters,
    pub(super) tasks: Pending<Task>,
    pub(super) counts: Pending<CountChange>,
    pub(super) logs: Pending<(i64, LogEntry)>,
    /// Whether the current job has a savepoint because it has sent a statement.
    savepoint: bool,
    /// Whether a finished job has sent a statement.
    changed: bool,
    /// The error that made the whole transaction lost.
    lost: Option<StoreError>,
}

/// The maximum number of log entries that one transaction removes. After the retention was lowered,
/// there may be millions, and a statement has a timeout.
const MAX_REMOVED: i64 = 10_000;

/// Pending with larger texts, in bytes, are sent in a statement of their own: if the database rejects
/// one, other jobs are not affected.
pub(super) const LARGE_ROW: usize = 64 * 1024;

impl WriteTransaction {
    pub(super) fn new(counters: Counters) -> Self {
        Self {
            counters,
            start: counters,
            before: counters,
            tasks: Pending::new(),
            counts: Pending::new(),
            logs: Pending::new(),
            savepoint: false,
            changed: false,
            lost: None,
        }
    }

    pub(super) fn begin_job(&mut self) {
        self.before = self.counters;
        self.tasks.begin_job();
        self.counts.begin_job();
        self.logs.begin_job();
    }

    /// Keeps the job's changes. An error means that the whole transaction is lost.
    pub(super) fn keep_job(&mut self, connection: &mut PgConnection) -> StoreResult<()> {
        self.lost.take().map_or(Ok(()), Err)?;
        if std::mem::take(&mut self.savepoint) {
            AnsiTransactionManager::commit_transaction(connection).map_err(store_error)?;
            self.changed = true;
        }
        Ok(())
    }

    /// Undoes the job's changes. An error means that the whole transaction is lost.
    pub(super) fn undo_job(&mut self, connection: &mut PgConnection) -> StoreResult<()> {
        self.lost.take().map_or(Ok(()), Err)?;
        if std::mem::take(&mut self.savepoint) {
            AnsiTransactionManager::rollback_transaction(connection).map_err(store_error)?;
        }
        self.counters = self.before;
        self.tasks.undo_job();
        self.counts.undo_job();
        self.logs.undo_job();
        Ok(())
    }

    /// Opens a savepoint before the job's first statement, so that a failed one is undone with the
    /// job alone.
    pub(super) fn open_savepoint(&mut self, connection: &mut PgConnection) -> StoreResult<()> {
        if !self.savepoint {
            AnsiTransactionManager::begin_transaction(connection).map_err(|e| self.is_lost(e))?;
            self.savepoint = true;
        }
        Ok(())
    }

    fn is_lost(&mut self, error: Error) -> StoreError {
        let error = store_error(error);
        self.lost = Some(error.clone());
        error
    }

    pub(super) fn send_tasks(&mut self, connection: &mut PgConnection) -> QueryResult<()> {
        if !self.tasks.waiting().is_empty() {
            insert_tasks(connection, self.tasks.waiting())?;
            self.tasks.are_sent();
        }
        Ok(())
    }

    pub(super) fn send_counts(&mut self, connection: &mut PgConnection) -> QueryResult<()> {
        if !self.counts.waiting().is_empty() {
            add_counts(connection, self.counts.waiting())?;
            self.counts.are_sent();
        }
        Ok(())
    }

    pub(super) fn send_logs(&mut self, connection: &mut PgConnection) -> QueryResult<()> {
        if !self.logs.waiting().is_empty() {
            insert_logs(connection, self.logs.waiting())?;
            self.logs.are_sent();
        }
        Ok(())
    }

    /// Sends all pending rows before the commit, and removes log entries beyond the newest `retention`,
    /// at most [`MAX_REMOVED`]. Ids have no gaps, and the counters contain the end of the last removal,
    /// so the cost depends only on the removed entries. Returns whether more are left.
    pub(super) fn finish(
        &mut self,
        connection: &mut PgConnection,
        retention: u32,
    ) -> QueryResult<bool> {
        let start = self.start;
        let kept = i64::from(retention).min(self.counters.last_log);
        let too_old = self.counters.last_log - kept;
        let forget = too_old.min(self.counters.forgotten_log + MAX_REMOVED);
        self.logs.retain(|(number, _)| *number > forget);
        self.send_tasks(connection)?;
        self.send_counts(connection)?;
        self.send_logs(connection)?;
        if forget > self.counters.forgotten_log {
            delete_logs(connection, self.counters.forgotten_log, forget)?;
            self.counters.forgotten_log = forget;
        }
        if self.changed || self.counters != start {
            // Last, because it fails if an error has ended the transaction, while COMMIT does not.
            self.counters.write(connection)?;
        }
        Ok(forget < too_old)
    }
}
