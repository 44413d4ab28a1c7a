//! The writer's maintenance of derived data, in small steps between its commits: a concurrent write
//! waits for one step.

use std::time::{Duration, Instant};

use diesel::prelude::*;

use super::{Health, begin_counts, begin_index};
use crate::sqlite::memory::{
    Backlog, clear_index, count_tasks, index_tasks, is_to_be_cleared, merge_index,
};
use crate::sqlite::transaction;

/// The number of tasks that one step indexes.
const INDEXED_AT_ONCE: i64 = 256;
/// The wait after a failed step. It doubles with each failure, up to [`MAX_RETRY_WAIT`].
const RETRY_WAIT: Duration = Duration::from_secs(5);
const MAX_RETRY_WAIT: Duration = Duration::from_mins(10);
/// If this many tasks are not indexed, the progress is logged at this interval.
const LARGE_BACKLOG: i64 = 10_000;
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// Keeps derived data up to date, and rebuilds it after damage.
pub(in crate::sqlite) struct Worker {
    health: Health,
    /// When the next step may run.
    next: Instant,
    failures: u32,
    /// Whether the search index may have segments to merge.
    may_merge: bool,
    /// Whether the index is being rebuilt. It is sound again when it is complete.
    rebuilds: bool,
    next_report: Instant,
    reported: bool,
}

/// The work that remains after a step.
pub(in crate::sqlite) enum Remaining {
    /// Another step, after this pause.
    StepIn(Duration),
    Nothing,
}

impl Worker {
    pub(in crate::sqlite) fn new(health: Health) -> Self {
        let now = Instant::now();
        Self {
            health,
            next: now,
            failures: 0,
            may_merge: true,
            rebuilds: false,
            next_report: now,
            reported: false,
        }
    }

    /// Notes that there was a commit.
    pub(in crate::sqlite) fn after_commit(&mut self) {
        self.may_merge = true;
    }

    /// Runs a step.
    pub(in crate::sqlite) fn step(&mut self, connection: &mut SqliteConnection) -> Remaining {
        let wait = self.next.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            return Remaining::StepIn(wait);
        }
        match self.try_step(connection) {
            Ok(true) => Remaining::StepIn(Duration::ZERO),
            Ok(false) => {
                self.failures = 0;
                if std::mem::take(&mut self.rebuilds) {
                    if !self.health.has_sound_index() || std::mem::take(&mut self.reported) {
                        log::info!("the search index is complete");
                    }
                    self.health.index_is_sound();
                }
                Remaining::Nothing
            }
            Err(error) => {
                let wait =
                    RETRY_WAIT.saturating_mul(1 << self.failures.min(10)).min(MAX_RETRY_WAIT);
                self.failures += 1;
                log::warn!(
                    "the search index and the counts are not updated for {} s: {error}",
                    wait.as_secs()
                );
                self.next = Instant::now() + wait;
                Remaining::StepIn(wait)
            }
        }
    }

    /// Runs a step. Returns false, without taking a lock, if there is nothing to do.
    pub(in crate::sqlite) fn try_step(
        &mut self,
        connection: &mut SqliteConnection,
    ) -> QueryResult<bool> {
        if self.health.take_wrong_counts() {
            let begun = writing(connection, begin_counts);
            return begun.map(|()| true).inspect_err(|_| self.health.counts_are_wrong());
        }
        if self.health.take_damaged_index() {
            let begun = writing(connection, begin_index);
            begun.inspect_err(|_| self.health.index_is_damaged())?;
            self.rebuilds = true;
            return Ok(true);
        }
        let backlog = Backlog::of(connection)?;
        if backlog.uncounted > 0 {
            return writing(connection, count_tasks);
        }
        match self.index(connection, backlog.unindexed) {
            // Damage that no search has found yet.
            Err(error) if super::is_of_the_index(&error) => {
                self.health.index_is_damaged();
                Err(error)
            }
            done => done,
        }
    }

    fn index(&mut self, connection: &mut SqliteConnection, waiting: i64) -> QueryResult<bool> {
        if is_to_be_cleared(connection)? {
            self.rebuilds = true;
            return writing(connection, clear_index).map(|()| true);
        }
        if waiting == 0 {
            self.may_merge = self.may_merge && writing(connection, merge_index)?;
            return Ok(self.may_merge);
        }
        self.may_merge = true;
        if waiting > LARGE_BACKLOG && self.next_report <= Instant::now() {
            self.next_report = Instant::now() + REPORT_EVERY;
            self.reported = true;
            log::info!("{waiting} tasks are not in the search index yet");
        }
        writing(connection, |it| Ok(index_tasks(it, INDEXED_AT_ONCE)? > 0))
    }
}

/// Runs a function in a transaction of its own.
fn writing<T>(
    connection: &mut SqliteConnection,
    run: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
) -> QueryResult<T> {
    transaction::begin_writing(connection)?;
    let done = run(connection).inspect_err(|_| transaction::rollback(connection))?;
    transaction::commit(connection)?;
    Ok(done)
}
