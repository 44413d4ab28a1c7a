//! The writer's maintenance between commits: it checkpoints the write-ahead log, updates derived
//! data ([`super::derived`]), and updates the planner's statistics.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mcp_core::memory::StoreError;

use super::connection::BUSY_TIMEOUT;
use super::derived::{Health, Remaining, Worker};
use super::error::store_error;
use super::files;
use crate::Location;

/// The log is emptied above this size, in bytes. SQLite itself checkpoints after a thousand
/// pages (4 MiB), but restarts the log only without readers. Above this size, the writer
/// waits for the active readers.
const LARGE_LOG: u64 = 16 * 1024 * 1024;
/// The limit of that wait. It grows with the log, up to [`MAX_WAIT`].
const READERS_WAIT: Duration = Duration::from_millis(250);
const MAX_WAIT: Duration = Duration::from_secs(1);
/// The limit of one attempt. SQLite waits for the read marks that were held at the beginning of the
/// attempt. Later readers may take and keep the same marks, but do not block the next attempt.
const ONE_WAIT: Duration = Duration::from_millis(10);
/// The pause after a failed wait. It doubles, up to [`MAX_PAUSE`]: a reader of another process (a
/// backup, a replication tool) may stay for hours, and commits must not wait for it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const MAX_PAUSE: Duration = Duration::from_mins(10);
/// The operator is warned at this size of the log, and again each time it has doubled.
const WARN_FROM: u64 = 8 * LARGE_LOG;
/// The interval of `PRAGMA optimize`, which updates statistics only after large changes.
const OPTIMIZE_EVERY: Duration = Duration::from_hours(1);
/// The interval of checks of an idle writer: readers may have found damage.
const IDLE_CHECK: Duration = Duration::from_secs(1);

pub(super) struct Upkeep {
    /// The path of the write-ahead log; `None` for a database in memory.
    log: Option<PathBuf>,
    /// When the next attempt to empty the log may begin, and the pause if it fails.
    next_attempt: Instant,
    pause: Duration,
    /// The size of the log at which the next warning is due.
    warn_from: u64,
    next_optimize: Instant,
    derived: Worker,
}

impl Upkeep {
    pub(super) fn of(location: &Location, health: Health) -> Self {
        let log = location.file().map(|path| files::with_suffix(path, "-wal"));
        let now = Instant::now();
        let next_optimize = now + OPTIMIZE_EVERY;
        Self {
            log,
            next_attempt: now,
            pause: FIRST_PAUSE,
            warn_from: WARN_FROM,
            next_optimize,
            derived: Worker::new(health),
        }
    }

    /// Keeps the write-ahead log small, even if readers overlap without a gap.
    pub(super) fn after_commit(&mut self, connection: &mut SqliteConnection) {
        self.derived.after_commit();
        let Some(log) = &self.log else { return };
        let bytes = size(log);
        if bytes < LARGE_LOG {
            (self.pause, self.warn_from) = (FIRST_PAUSE, WARN_FROM);
            return;
        }
        if Instant::now() < self.next_attempt {
            return;
        }
        let times = u32::try_from(bytes / LARGE_LOG).unwrap_or(u32::MAX);
        let give_up = Instant::now() + MAX_WAIT.min(READERS_WAIT.saturating_mul(times));
        let why = loop {
            match truncate_log(connection, log) {
                Ok(true) => return,
                // SQLite does not wait for a checkpoint of another process.
                Ok(false) if Instant::now() < give_up => thread::sleep(Duration::from_millis(1)),
                Ok(false) => break "a reader needs it".to_owned(),
                Err(error) => break error.to_string(),
            }
        };
        log::debug!("the write-ahead log stays at {bytes} bytes: {why}");
        self.warn(bytes, &why);
        self.next_attempt = Instant::now() + self.pause;
        self.pause = MAX_PAUSE.min(self.pause * 2);
    }

    fn warn(&mut self, bytes: u64, why: &str) {
        if bytes >= self.warn_from {
            self.warn_from = bytes.saturating_mul(2);
            log::warn!(
                "the write-ahead log has {} MiB and cannot be emptied ({why}): end the process that keeps \
                 a read transaction open on the database",
                bytes >> 20
            );
        }
    }

    /// Does one step of maintenance. Returns the pause before the next call, without other
    /// work.
    pub(super) fn when_idle(&mut self, connection: &mut SqliteConnection) -> Duration {
        if let Remaining::StepIn(wait) = self.derived.step(connection) {
            return wait;
        }
        if self.next_optimize <= Instant::now() {
            self.next_optimize = Instant::now() + OPTIMIZE_EVERY;
            optimize(connection);
        }
        IDLE_CHECK
    }
}

/// Checkpoints and truncates the log. Returns false if a reader still needs it.
fn truncate_log(connection: &mut SqliteConnection, log: &Path) -> QueryResult<bool> {
    let wait = |it: &mut SqliteConnection, time: Duration| {
        it.batch_execute(&format!("PRAGMA busy_timeout = {}", time.as_millis()))
    };
    wait(connection, ONE_WAIT)?;
    let tried = connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)");
    wait(connection, BUSY_TIMEOUT)?;
    tried.map(|()| size(log) < LARGE_LOG)
}

fn size(log: &Path) -> u64 {
    fs::metadata(log).map_or(0, |file| file.len())
}

/// Checkpoints everything into the database file.
pub(super) fn finish(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    optimize(connection);
    connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").map_err(store_error)
}

fn optimize(connection: &mut SqliteConnection) {
    if let Err(error) = connection.batch_execute("PRAGMA optimize") {
        log::debug!("the planner's statistics are unchanged: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Synchronous;
    use crate::sqlite::connection::{for_looking, for_writing};

    #[test]
    fn commits_wait_ever_more_rarely_for_a_reader_that_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::File(folder.path().join("store.db"));
        let mut writer = for_writing(&location, Synchronous::Normal).expect("a database");
        writer.batch_execute("CREATE TABLE large (bytes BLOB)").expect("a table");
        let mut reader = for_looking(&location).expect("another program's connection");
        reader.batch_execute("BEGIN; SELECT count(*) FROM large").expect("a read transaction");
        let log = files::with_suffix(location.file().expect("a file"), "-wal");
        let grow = |writer: &mut SqliteConnection| {
            let row = format!("INSERT INTO large VALUES (zeroblob({LARGE_LOG}))");
            writer.batch_execute(&row).expect("a row");
        };
        grow(&mut writer);
        let mut upkeep = Upkeep::of(&location, Health::sound());
        for failed in 0..10 {
            upkeep.next_attempt = Instant::now();
            upkeep.after_commit(&mut writer);
            let pause = MAX_PAUSE.min(FIRST_PAUSE * (1 << failed));
            let left = upkeep.next_attempt.saturating_duration_since(Instant::now());
            assert!(left > pause / 2 && left <= pause, "{left:?} of {pause:?}");
        }
        let before = upkeep.next_attempt;
        upkeep.after_commit(&mut writer);
        assert_eq!(upkeep.next_attempt, before, "no attempt before the pause has passed");

        reader.batch_execute("COMMIT").expect("the reader leaves");
        upkeep.next_attempt = Instant::now();
        upkeep.after_commit(&mut writer);
        assert!(size(&log) < LARGE_LOG);
        upkeep.after_commit(&mut writer);
        assert_eq!(upkeep.pause, FIRST_PAUSE);
    }
}
