//! Connections and their settings.

use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::{OpenError, compiled, files};
use crate::{Location, Synchronous};

/// How long a connection waits for the lock of another process.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Returns the settings of every connection. The timeout is first, because each of the others may
/// need a lock.
fn every_connection() -> String {
    format!(
        "PRAGMA busy_timeout = {};
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY;",
        BUSY_TIMEOUT.as_millis()
    )
}

/// Returns the settings of the writer.
///
/// WAL: readers keep their snapshot while the writer writes. FULL: the log is synced at every
/// commit, so that an answered write survives a power cut. NORMAL: the log is synced at
/// checkpoints, so that a power cut loses the last commits and damages nothing.
///
/// `temp_store`: the undo data of a savepoint is in one piece of memory (`SQLITE_STMTJRNL_SPILL`,
/// about 60 KiB), and beyond that in a temporary file. With MEMORY it would be in pieces of 1 KiB,
/// which cost a tenth of all that the writer does.
fn writer(synchronous: Synchronous) -> String {
    let synchronous = match synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    format!(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = {synchronous};
         PRAGMA journal_size_limit = 8388608;
         PRAGMA temp_store = FILE;"
    )
}

/// The maximum number of attempts to open a file that is being replaced.
const MAX_OPENINGS: u32 = 5;

const READER: &str = "PRAGMA query_only = ON;";

/// Opens the connection that writes, on the file that is at the path now. A restore may replace the
/// file between finding and locking it; then the new one is opened.
pub(super) fn for_writing(
    location: &Location,
    synchronous: Synchronous,
) -> Result<SqliteConnection, OpenError> {
    for _ in 0..MAX_OPENINGS {
        let found = location.file().and_then(files::file_id);
        let connection = open_for_writing(location, synchronous)?;
        // A new file had no id before, so it is opened again.
        if *location == Location::Memory
            || (found.is_some() && found == location.file().and_then(files::file_id))
        {
            return Ok(connection);
        }
    }
    Err(failed(location, "the file is being replaced repeatedly"))
}

fn open_for_writing(
    location: &Location,
    synchronous: Synchronous,
) -> Result<SqliteConnection, OpenError> {
    let failed = |error: &dyn std::fmt::Display| failed(location, &error.to_string());
    let mut connection =
        SqliteConnection::establish(&name(location)).map_err(|error| failed(&error))?;
    compiled::check(&mut connection).map_err(|error| failed(&error))?;
    connection
        .batch_execute(&(every_connection() + &writer(synchronous)))
        .map_err(|error| failed(&error))?;
    Ok(connection)
}

/// Opens a connection with no settings that would change the file.
pub(super) fn for_looking(location: &Location) -> Result<SqliteConnection, OpenError> {
    let failed = |error: &dyn std::fmt::Display| failed(location, &error.to_string());
    let mut connection =
        SqliteConnection::establish(&name(location)).map_err(|error| failed(&error))?;
    connection.batch_execute(&every_connection()).map_err(|error| failed(&error))?;
    Ok(connection)
}

/// Opens a connection that leaves the file unchanged. A write-ahead log that a kill has left is
/// read, and stays.
pub(super) fn for_checking(path: &Path) -> Result<SqliteConnection, OpenError> {
    let log = files::with_suffix(path, "-wal");
    let has_log = std::fs::metadata(log).is_ok_and(|log| log.len() > 0);
    // The last connection to close moves the log into the file, unless it is read-only.
    let first = open_as(path, if has_log { "mode=ro" } else { "mode=rw" });
    // In a read-only folder, SQLite cannot create the log's index; but then nobody writes either.
    let outcome = match first {
        Err(error) if error.contains("is locked") => Err(error),
        Err(_) if !has_log => open_as(path, "mode=ro&immutable=1").or(first),
        first => first,
    };
    outcome.map_err(|error| failed(&Location::File(path.to_owned()), &error))
}

/// Opens such a connection that may write another file (`VACUUM INTO`).
pub(super) fn for_copying(path: &Path) -> Result<SqliteConnection, OpenError> {
    let mut connection = for_checking(path)?;
    connection
        .batch_execute("PRAGMA query_only = OFF")
        .map_err(|error| failed(&Location::File(path.to_owned()), &error.to_string()))?;
    Ok(connection)
}

fn open_as(path: &Path, mode: &str) -> Result<SqliteConnection, String> {
    let name = file_name(path).replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let mut connection = SqliteConnection::establish(&format!("file:{name}?{mode}"))
        .map_err(|error| error.to_string())?;
    prepare_reader(&mut connection)
        // The first read of the file, which shows whether it is readable.
        .and_then(|()| connection.batch_execute("SELECT count(*) FROM sqlite_schema"))
        .map_err(|error| error.to_string())?;
    Ok(connection)
}

/// Applies the settings of a connection that reads.
pub(super) fn prepare_reader(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute(&(every_connection() + READER))
}

/// Returns the name for SQLite's open function.
pub(super) fn name(location: &Location) -> String {
    location.file().map_or_else(|| ":memory:".into(), file_name)
}

/// Returns a path for SQLite. A relative path begins with `./`, so that SQLite does not interpret
/// the file's name (`:memory:`, `file:…`).
pub(super) fn file_name(path: &Path) -> String {
    if path.is_absolute() {
        path.to_string_lossy().into_owned()
    } else {
        Path::new(".").join(path).to_string_lossy().into_owned()
    }
}

/// Checks the path, because SQLite only reports "unable to open database file".
pub(super) fn check_file(location: &Location) -> Result<(), OpenError> {
    let Location::File(path) = location else {
        return Ok(());
    };
    if path.is_dir() {
        return Err(OpenError::IsFolder(path.clone()));
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(OpenError::NoFolder(path.clone(), folder.to_owned()))
        }
        _ => Ok(()),
    }
}

pub(super) fn failed(location: &Location, message: &str) -> OpenError {
    match location {
        Location::File(path) if message.contains("not a database") => {
            OpenError::NotADatabase(path.clone())
        }
        _ => OpenError::Failed(location.to_string(), message.into()),
    }
}
