//! Connections and what is set on each.

use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::{OpenError, compiled, files};
use crate::{Location, Synchronous};

/// How long a connection waits for another process's lock.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The wait for a lock comes first: every later pragma may need one.
fn every_connection() -> String {
    format!(
        "PRAGMA busy_timeout = {};
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY;",
        BUSY_TIMEOUT.as_millis()
    )
}

/// WAL: readers keep their snapshot while the writer writes. FULL: the log is synced at every
/// commit, so that an answered write survives a power cut. NORMAL: it is synced before it is put
/// into the file, so that a power cut takes the last commits away and damages nothing.
///
/// `temp_store`: what a savepoint would undo is kept in one piece of memory (`SQLITE_STMTJRNL_SPILL`,
/// some 60 KiB), and in a temporary file where it is more. With MEMORY it would be in pieces of
/// 1 KiB, which cost a tenth of all that the writer does.
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

/// How often a file that is replaced meanwhile is opened again.
const OPENINGS: u32 = 5;

const READER: &str = "PRAGMA query_only = ON;";

/// The connection that writes. It is on the file that is at the path now: a restore that came
/// between finding the file and locking it has put another there, which is opened then.
pub(super) fn for_writing(
    location: &Location,
    synchronous: Synchronous,
) -> Result<SqliteConnection, OpenError> {
    for _ in 0..OPENINGS {
        let found = location.file().and_then(files::number);
        let connection = open_for_writing(location, synchronous)?;
        // A new file is opened once more: it was not there to be told from another.
        if *location == Location::Memory
            || (found.is_some() && found == location.file().and_then(files::number))
        {
            return Ok(connection);
        }
    }
    Err(failed(location, "the file is replaced again and again"))
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

/// A connection before anything is set that would change the file.
pub(super) fn for_looking(location: &Location) -> Result<SqliteConnection, OpenError> {
    let failed = |error: &dyn std::fmt::Display| failed(location, &error.to_string());
    let mut connection =
        SqliteConnection::establish(&name(location)).map_err(|error| failed(&error))?;
    connection.batch_execute(&every_connection()).map_err(|error| failed(&error))?;
    Ok(connection)
}

/// A connection that leaves the file as it is, also where a kill has left a write-ahead log: that is
/// read, and stays.
pub(super) fn for_checking(path: &Path) -> Result<SqliteConnection, OpenError> {
    let log = files::beside(path, "-wal");
    let has_log = std::fs::metadata(log).is_ok_and(|log| log.len() > 0);
    // To whom closing is left as the last, it puts the log into the file; not if it may only read.
    let first = open_as(path, if has_log { "mode=ro" } else { "mode=rw" });
    // Where nothing can be written, there is no place for the log's index, and nobody who writes.
    let outcome = match first {
        Err(error) if error.contains("is locked") => Err(error),
        Err(_) if !has_log => open_as(path, "mode=ro&immutable=1").or(first),
        first => first,
    };
    outcome.map_err(|error| failed(&Location::File(path.to_owned()), &error))
}

/// The same, but it may write another file (`VACUUM INTO`).
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
        // The first look into the file, which shows whether it can be read at all.
        .and_then(|()| connection.batch_execute("SELECT count(*) FROM sqlite_schema"))
        .map_err(|error| error.to_string())?;
    Ok(connection)
}

/// Sets what a reading connection needs.
pub(super) fn prepare_reader(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute(&(every_connection() + READER))
}

/// The name under which SQLite opens the location.
pub(super) fn name(location: &Location) -> String {
    location.file().map_or_else(|| ":memory:".into(), file_name)
}

/// A relative path begins with `./`, so that no file name can mean something else to SQLite
/// (`:memory:`, `file:…`).
pub(super) fn file_name(path: &Path) -> String {
    if path.is_absolute() {
        path.to_string_lossy().into_owned()
    } else {
        Path::new(".").join(path).to_string_lossy().into_owned()
    }
}

/// Says what is wrong with the path before SQLite says "unable to open database file".
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
