//! What SQLite's messages mean for the port.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::connection::{Connection, InstrumentationEvent};
use diesel::result::Error;
use diesel::sqlite::SqliteConnection;
use mcp_core::StoreError;

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of the file is not there.
    #[error("cannot open the database {0}: there is no folder {1}")]
    NoFolder(PathBuf, PathBuf),
    /// The path is a folder's.
    #[error("cannot open the database {0}: it is a folder, not a file")]
    IsFolder(PathBuf),
    /// The file is something else.
    #[error("cannot open the database {0}: the file is not a SQLite database; it was not changed")]
    NotADatabase(PathBuf),
    /// The file is a SQLite database of another program.
    #[error("cannot open the database {0}: it has tables of another program; it was not changed")]
    Foreign(PathBuf),
    /// The database was written by a later version.
    #[error(
        "cannot open the database {0}: it was migrated by a newer server (it has {1}); update this server"
    )]
    Newer(String, String),
    /// The first service's database could not be copied before its migration.
    #[error("cannot copy {0} before its migration to {1}: {2}; it was not changed")]
    Backup(PathBuf, PathBuf, std::io::Error),
    /// Anything else, in SQLite's words.
    #[error("cannot open the database {0}: {1}")]
    Failed(String, String),
}

/// That the time of a work is used up, in the place of diesel's own errors.
#[derive(Debug, thiserror::Error)]
#[error("the time of the transaction is used up")]
struct OutOfTime;

/// The error of rows that are not read, since the time of the work is used up.
pub(super) fn out_of_time() -> Error {
    Error::QueryBuilderError(Box::new(OutOfTime))
}

/// The port's error for diesel's.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(super) fn store_error(error: Error) -> StoreError {
    if let Error::DeserializationError(cause) = &error {
        // Every column holds what was put there by its type: the bytes have changed since.
        let why = cause.source().map(|why| format!(": {why}")).unwrap_or_default();
        return StoreError::Damaged(format!("a stored value cannot be read: {cause}{why}"));
    }
    if matches!(&error, Error::QueryBuilderError(cause) if cause.is::<OutOfTime>()) {
        return StoreError::OutOfTime;
    }
    let message = error.to_string();
    classified(&message).unwrap_or(StoreError::Failed(message))
}

/// Notes the first fault of the database itself that a connection meets.
#[derive(Clone, Default)]
pub(super) struct Faults(Arc<Mutex<Option<StoreError>>>);

impl Faults {
    /// Watches a connection from now on.
    pub(super) fn watch(&self, connection: &mut SqliteConnection) {
        let faults = Self::clone(self);
        connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::FinishQuery { error: Some(error), .. } = event
                && let Some(fault) = classified(&error.to_string())
            {
                faults.lock().get_or_insert(fault);
            }
        });
    }

    /// The first fault since the last look.
    pub(super) fn take(&self) -> Option<StoreError> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<StoreError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What SQLite says of a damaged file, and its search index of itself.
const DAMAGED: [&str; 5] =
    ["malformed", "not a database", "fts5: corrupt", "fts5: checksum", "fts5: missing row"];

/// diesel gives no result codes, only SQLite's messages (`sqlite3_errstr`), which are stable.
pub(super) fn classified(message: &str) -> Option<StoreError> {
    let says = |text: &str| message.contains(text);
    // SQLite ends a transaction by itself where the disk is full or fails, and then has no savepoint
    // to go back to. The statement that met it does not always say so to the connection's watcher.
    let has_ended = says("no such savepoint") || says("no transaction is active");
    if says("is locked") || says("disk I/O error") || has_ended {
        Some(StoreError::Unavailable(message.into()))
    } else if says("database or disk is full") {
        Some(StoreError::Full(message.into()))
    } else if says("readonly database") {
        Some(StoreError::ReadOnly(message.into()))
    } else if DAMAGED.iter().any(|text| says(text)) {
        Some(StoreError::Damaged(message.into()))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_called_damage_whoever_met_it() {
        for message in [
            "database disk image is malformed",
            "file is not a database",
            "fts5: corruption found reading blob 412316860417 from table \"tasks_search\"",
            "fts5: corrupt structure record for table \"tasks_search\"",
        ] {
            let is_damage = matches!(classified(message), Some(StoreError::Damaged(_)));
            assert!(is_damage, "{message}");
        }
    }
}
