//! What keeps the database small and quick: the write-ahead log is put into the file, tasks into the
//! search index, and the planner is told what the tables look like. Done by the writer, between
//! its commits.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mcp_core::memory::StoreError;

use super::connection::BUSY_TIMEOUT;
use super::error::store_error;
use super::files;
use super::memory::{index_tasks, merge_index, unindexed_tasks};
use super::transaction;
use crate::Location;

/// SQLite puts the log into the file after a thousand pages (4 MiB) by itself, but begins it anew
/// only in a moment without readers. Where there is none for so long that the log has this many
/// bytes, the writer waits for the readers of that moment.
const LARGE_LOG: u64 = 16 * 1024 * 1024;
/// For how long it waits then, and for as much longer as the log is larger, up to [`LONGEST_WAIT`]:
/// a reader of another process may stay for hours.
const READERS_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// For how long it waits at a time. SQLite waits for the marks in the log that readers held when it
/// began, which later readers may take and keep; the next time it sees that those are no hindrance.
const ONE_WAIT: Duration = Duration::from_millis(10);
/// After a wait in vain it does other work for so many times as long.
const WORK_FOR_WAIT: u32 = 10;
/// After how long upkeep that failed is tried again.
const NEXT_TRY: Duration = Duration::from_secs(5);
/// How many tasks are put into the search index at once: a write that comes then waits for them.
const INDEXED_AT_ONCE: i64 = 256;
/// How often the planner's figures are looked at. It measures anew only what has changed a lot.
const OPTIMIZE_EVERY: Duration = Duration::from_hours(1);
/// After how long a writer that has tidied everything looks again.
const ASLEEP: Duration = OPTIMIZE_EVERY;

/// The state of the upkeep of one database.
pub(super) struct Upkeep {
    /// The write-ahead log; none for a database in memory.
    log: Option<PathBuf>,
    next_try: Instant,
    next_tidy: Instant,
    next_optimize: Instant,
    /// Whether the search index may have segments to join.
    may_merge: bool,
}

impl Upkeep {
    pub(super) fn of(location: &Location) -> Self {
        let log = location.file().map(|path| files::beside(path, "-wal"));
        let now = Instant::now();
        let next_optimize = now + OPTIMIZE_EVERY;
        Self { log, next_try: now, next_tidy: now, next_optimize, may_merge: true }
    }

    /// Keeps the write-ahead log small, also under readers that follow each other without a gap.
    pub(super) fn after_commit(&mut self, connection: &mut SqliteConnection) {
        self.may_merge = true;
        let Some(log) = &self.log else { return };
        let bytes = fs::metadata(log).map_or(0, |file| file.len());
        if bytes < LARGE_LOG || Instant::now() < self.next_try {
            return;
        }
        let times = u32::try_from(bytes / LARGE_LOG).unwrap_or(u32::MAX);
        let patience = LONGEST_WAIT.min(READERS_WAIT.saturating_mul(times));
        let begun = Instant::now();
        let why = loop {
            match emptied(connection, log) {
                Ok(true) => return,
                // SQLite does not wait for another process that is at it.
                Ok(false) if begun.elapsed() < patience => thread::sleep(Duration::from_millis(1)),
                Ok(false) => break "a reader needs it".to_owned(),
                Err(error) => break error.to_string(),
            }
        };
        log::debug!("the write-ahead log stays at {bytes} bytes: {why}");
        self.next_try = Instant::now() + patience * WORK_FOR_WAIT;
    }

    /// Does a little; gives back after how long it should be called again if nothing else comes.
    pub(super) fn when_idle(&mut self, connection: &mut SqliteConnection) -> Duration {
        let wait = self.next_tidy.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            return wait;
        }
        match self.tidy_index(connection) {
            Ok(true) => return Duration::ZERO,
            Ok(false) => {}
            Err(error) => {
                log::warn!("the search index waits: {error}");
                self.next_tidy = Instant::now() + NEXT_TRY;
                return NEXT_TRY;
            }
        }
        if self.next_optimize <= Instant::now() {
            self.next_optimize = Instant::now() + OPTIMIZE_EVERY;
            optimize(connection);
        }
        ASLEEP
    }

    /// Puts some tasks into the search index or, when all are there, joins some of its segments. False
    /// where there was nothing to do.
    fn tidy_index(&mut self, connection: &mut SqliteConnection) -> QueryResult<bool> {
        // Nobody's write lock is asked for when there is nothing to do.
        if unindexed_tasks(connection)? > 0 {
            self.may_merge = true;
            return writing(connection, |it| Ok(index_tasks(it, INDEXED_AT_ONCE)? > 0));
        }
        self.may_merge = self.may_merge && writing(connection, merge_index)?;
        Ok(self.may_merge)
    }
}

/// Puts the log into the file and empties it; false where a reader still needs it.
fn emptied(connection: &mut SqliteConnection, log: &Path) -> QueryResult<bool> {
    let wait = |it: &mut SqliteConnection, time: Duration| {
        it.batch_execute(&format!("PRAGMA busy_timeout = {}", time.as_millis()))
    };
    wait(connection, ONE_WAIT)?;
    let tried = connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)");
    wait(connection, BUSY_TIMEOUT)?;
    tried.map(|()| fs::metadata(log).is_ok_and(|file| file.len() < LARGE_LOG))
}

/// Puts everything into the one file.
pub(super) fn at_the_end(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    optimize(connection);
    connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").map_err(store_error)
}

/// Does something in a transaction of its own.
fn writing<T>(
    connection: &mut SqliteConnection,
    run: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
) -> QueryResult<T> {
    transaction::begin_writing(connection)?;
    let done = run(connection).inspect_err(|_| transaction::rollback(connection))?;
    transaction::commit(connection)?;
    Ok(done)
}

fn optimize(connection: &mut SqliteConnection) {
    if let Err(error) = connection.batch_execute("PRAGMA optimize") {
        log::debug!("the planner's figures stay as they are: {error}");
    }
}
