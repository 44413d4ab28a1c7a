//! What keeps the database small and quick: the write-ahead log is put into the file, derived data is
//! kept up with the tasks ([`super::derived`]), and the planner is told what the tables look like. Done
//! by the writer, between its commits.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mcp_core::memory::StoreError;

use super::connection::BUSY_TIMEOUT;
use super::derived::{Health, Work, Worker};
use super::error::store_error;
use super::files;
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
/// How often the planner's figures are looked at. It measures anew only what has changed a lot.
const OPTIMIZE_EVERY: Duration = Duration::from_hours(1);
/// After how long a writer that has tidied everything looks again: readers may have met damage.
const ASLEEP: Duration = Duration::from_secs(1);

/// The state of the upkeep of one database.
pub(super) struct Upkeep {
    /// The write-ahead log; none for a database in memory.
    log: Option<PathBuf>,
    next_try: Instant,
    next_optimize: Instant,
    derived: Worker,
}

impl Upkeep {
    pub(super) fn of(location: &Location, health: Health) -> Self {
        let log = location.file().map(|path| files::beside(path, "-wal"));
        let now = Instant::now();
        let next_optimize = now + OPTIMIZE_EVERY;
        Self { log, next_try: now, next_optimize, derived: Worker::new(health) }
    }

    /// Keeps the write-ahead log small, also under readers that follow each other without a gap.
    pub(super) fn after_commit(&mut self, connection: &mut SqliteConnection) {
        self.derived.is_behind();
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
        if let Work::Next(wait) = self.derived.step(connection) {
            return wait;
        }
        if self.next_optimize <= Instant::now() {
            self.next_optimize = Instant::now() + OPTIMIZE_EVERY;
            optimize(connection);
        }
        ASLEEP
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

fn optimize(connection: &mut SqliteConnection) {
    if let Err(error) = connection.batch_execute("PRAGMA optimize") {
        log::debug!("the planner's figures stay as they are: {error}");
    }
}
