//! Connections and what is set on each.

use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::OpenError;
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
fn writer(synchronous: Synchronous) -> String {
    let synchronous = match synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    format!(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = {synchronous};
         PRAGMA journal_size_limit = 8388608;"
    )
}

const READER: &str = "PRAGMA query_only = ON;";

/// The connection that writes.
pub(super) fn for_writing(
    location: &Location,
    synchronous: Synchronous,
) -> Result<SqliteConnection, OpenError> {
    let failed = |error: &dyn std::fmt::Display| failed(location, &error.to_string());
    let mut connection =
        SqliteConnection::establish(&name(location)).map_err(|error| failed(&error))?;
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

/// Sets what a reading connection needs.
pub(super) fn prepare_reader(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute(&(every_connection() + READER))
}

/// The name under which SQLite opens the location.
pub(super) fn name(location: &Location) -> String {
    match location {
        Location::Memory => ":memory:".into(),
        Location::File(path) => file_name(path),
    }
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
