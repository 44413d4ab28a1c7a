//! A transaction that writes: what its jobs have done so far.

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel::result::Error;
use mcp_core::domain::{LogEntry, Task};
use mcp_core::memory::{StoreError, StoreResult};

use super::counters::Counters;
use super::error::store_error;
use super::memory::{Change, add_counts, delete_logs, insert_logs, insert_tasks};
use super::rows::Rows;

/// What is in a transaction that writes and not yet in the database.
pub(super) struct Writing {
    pub(super) counters: Counters,
    /// What they were when it began.
    start: Counters,
    /// What they were before the present job.
    before: Counters,
    pub(super) tasks: Rows<Task>,
    pub(super) counts: Rows<Change>,
    pub(super) logs: Rows<(i64, LogEntry)>,
    /// Whether the present job has a savepoint: it has sent something.
    savepoint: bool,
    /// Whether something was sent that is kept.
    changed: bool,
    /// Why the whole transaction is lost.
    lost: Option<StoreError>,
}

/// The limit of log entries that one transaction removes: after a retention was lowered there may be
/// millions, and a statement has a timeout.
const MOST_REMOVED: i64 = 10_000;

/// Rows with texts of more bytes are sent alone, so that what the database refuses of them is
/// refused to nobody else.
pub(super) const LARGE_ROW: usize = 64 * 1024;

impl Writing {
    pub(super) fn new(counters: Counters) -> Self {
        Self {
            counters,
            start: counters,
            before: counters,
            tasks: Rows::new(),
            counts: Rows::new(),
            logs: Rows::new(),
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

    /// Keeps what the job did. An error means that the whole transaction is lost.
    pub(super) fn keep_job(&mut self, connection: &mut PgConnection) -> StoreResult<()> {
        self.lost.take().map_or(Ok(()), Err)?;
        if std::mem::take(&mut self.savepoint) {
            AnsiTransactionManager::commit_transaction(connection).map_err(store_error)?;
            self.changed = true;
        }
        Ok(())
    }

    /// Undoes what the job did. An error means that the whole transaction is lost.
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

    /// Before the job sends its first statement: one that fails is then undone with the job alone.
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

    /// Sends the tasks that wait.
    pub(super) fn send_tasks(&mut self, connection: &mut PgConnection) -> QueryResult<()> {
        if !self.tasks.waiting().is_empty() {
            insert_tasks(connection, self.tasks.waiting())?;
            self.tasks.are_sent();
        }
        Ok(())
    }

    /// Sends what has changed in the numbers of tasks.
    pub(super) fn send_counts(&mut self, connection: &mut PgConnection) -> QueryResult<()> {
        if !self.counts.waiting().is_empty() {
            add_counts(connection, self.counts.waiting())?;
            self.counts.are_sent();
        }
        Ok(())
    }

    /// Sends the log entries that wait.
    pub(super) fn send_logs(&mut self, connection: &mut PgConnection) -> QueryResult<()> {
        if !self.logs.waiting().is_empty() {
            insert_logs(connection, self.logs.waiting())?;
            self.logs.are_sent();
        }
        Ok(())
    }

    /// Sends everything that is left, before the commit, and removes log entries that are older than
    /// the newest `retention`, up to [`MOST_REMOVED`]. They are numbered without gaps, and the counters
    /// hold where the last removal ended: it costs what it removes. Returns whether more are left.
    pub(super) fn finish(
        &mut self,
        connection: &mut PgConnection,
        retention: u32,
    ) -> QueryResult<bool> {
        let start = self.start;
        let kept = i64::from(retention).min(self.counters.last_log);
        let too_old = self.counters.last_log - kept;
        let forget = too_old.min(self.counters.forgotten_log + MOST_REMOVED);
        self.logs.retain(|(number, _)| *number > forget);
        self.send_tasks(connection)?;
        self.send_counts(connection)?;
        self.send_logs(connection)?;
        if forget > self.counters.forgotten_log {
            delete_logs(connection, self.counters.forgotten_log, forget)?;
            self.counters.forgotten_log = forget;
        }
        if self.changed || self.counters != start {
            // Last: it fails where a fault has ended the transaction, which COMMIT does not.
            self.counters.write(connection)?;
        }
        Ok(forget < too_old)
    }
}
