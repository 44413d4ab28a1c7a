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

/// SQLite copies the log into the file after a thousand pages (4 MiB) by itself, but restarts the log
/// only in a moment without readers. If the log reaches this many bytes, the writer waits for the
/// readers that are active then.
const LARGE_LOG: u64 = 16 * 1024 * 1024;
/// The limit of that wait, which grows with the log up to [`LONGEST_WAIT`].
const READERS_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// The limit of one attempt. SQLite waits for the marks in the log that readers held when the attempt
/// began; later readers may take and keep the same marks, which the next attempt finds harmless.
const ONE_WAIT: Duration = Duration::from_millis(10);
/// The pause after a wait that did not help. It doubles up to [`LONGEST_PAUSE`]: a reader of another
/// process (a backup, a replication tool) may stay for hours, and commits must not wait for it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// The operator is warned about a log of this many bytes, and again each time that it has doubled.
const WARN_FROM: u64 = 8 * LARGE_LOG;
/// How often the planner's figures are looked at. It measures anew only what has changed a lot.
const OPTIMIZE_EVERY: Duration = Duration::from_hours(1);
/// After how long a writer that has tidied everything looks again: readers may have met damage.
const ASLEEP: Duration = Duration::from_secs(1);

/// The state of the upkeep of one database.
pub(super) struct Upkeep {
    /// The write-ahead log; none for a database in memory.
    log: Option<PathBuf>,
    /// The time of the next attempt to empty the log, and the pause if that fails.
    next_try: Instant,
    pause: Duration,
    /// The size of the log that is warned about next.
    warn_from: u64,
    next_optimize: Instant,
    derived: Worker,
}

impl Upkeep {
    pub(super) fn of(location: &Location, health: Health) -> Self {
        let log = location.file().map(|path| files::beside(path, "-wal"));
        let now = Instant::now();
        let next_optimize = now + OPTIMIZE_EVERY;
        Self {
            log,
            next_try: now,
            pause: FIRST_PAUSE,
            warn_from: WARN_FROM,
            next_optimize,
            derived: Worker::new(health),
        }
    }

    /// Keeps the write-ahead log small, also under readers that follow each other without a gap.
    pub(super) fn after_commit(&mut self, connection: &mut SqliteConnection) {
        self.derived.is_behind();
        let Some(log) = &self.log else { return };
        let bytes = size(log);
        if bytes < LARGE_LOG {
            (self.pause, self.warn_from) = (FIRST_PAUSE, WARN_FROM);
            return;
        }
        if Instant::now() < self.next_try {
            return;
        }
        let times = u32::try_from(bytes / LARGE_LOG).unwrap_or(u32::MAX);
        let give_up = Instant::now() + LONGEST_WAIT.min(READERS_WAIT.saturating_mul(times));
        let why = loop {
            match emptied(connection, log) {
                Ok(true) => return,
                // SQLite does not wait for another process that is at it.
                Ok(false) if Instant::now() < give_up => thread::sleep(Duration::from_millis(1)),
                Ok(false) => break "a reader needs it".to_owned(),
                Err(error) => break error.to_string(),
            }
        };
        log::debug!("the write-ahead log stays at {bytes} bytes: {why}");
        self.warn(bytes, &why);
        self.next_try = Instant::now() + self.pause;
        self.pause = LONGEST_PAUSE.min(self.pause * 2);
    }

    /// Warns the operator of a log that grows.
    fn warn(&mut self, bytes: u64, why: &str) {
        if bytes >= self.warn_from {
            self.warn_from = bytes.saturating_mul(2);
            log::warn!(
                "the write-ahead log has {} MiB and cannot be emptied ({why}): end the process that \
                 keeps a read transaction open on the database",
                bytes >> 20
            );
        }
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
    tried.map(|()| size(log) < LARGE_LOG)
}

fn size(log: &Path) -> u64 {
    fs::metadata(log).map_or(0, |file| file.len())
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
        let log = files::beside(location.file().expect("a file"), "-wal");
        let grow = |writer: &mut SqliteConnection| {
            let row = format!("INSERT INTO large VALUES (zeroblob({LARGE_LOG}))");
            writer.batch_execute(&row).expect("a row");
        };
        grow(&mut writer);
        let mut upkeep = Upkeep::of(&location, Health::sound());
        for failed in 0..10 {
            upkeep.next_try = Instant::now();
            upkeep.after_commit(&mut writer);
            let pause = LONGEST_PAUSE.min(FIRST_PAUSE * (1 << failed));
            let left = upkeep.next_try.saturating_duration_since(Instant::now());
            assert!(left > pause / 2 && left <= pause, "{left:?} of {pause:?}");
        }
        let before = upkeep.next_try;
        upkeep.after_commit(&mut writer);
        assert_eq!(upkeep.next_try, before, "no attempt before the pause has passed");

        reader.batch_execute("COMMIT").expect("the reader leaves");
        upkeep.next_try = Instant::now();
        upkeep.after_commit(&mut writer);
        assert!(size(&log) < LARGE_LOG);
        upkeep.after_commit(&mut writer);
        assert_eq!(upkeep.pause, FIRST_PAUSE);
    }
}
