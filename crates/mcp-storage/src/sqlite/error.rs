//! Conversion of SQLite's errors.

use std::path::PathBuf;
use std::sync::Arc;

use diesel::connection::{Connection, InstrumentationEvent};
use diesel::result::Error;
use diesel::sqlite::SqliteConnection;
use mcp_core::StoreError;
use parking_lot::Mutex;

/// The reason why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file's folder does not exist.
    #[error("cannot open the database {0}: there is no folder {1}")]
    NoFolder(PathBuf, PathBuf),
    /// The path is a folder.
    #[error("cannot open the database {0}: it is a folder, not a file")]
    IsFolder(PathBuf),
    /// The file is not a SQLite database.
    #[error("cannot open the database {0}: the file is not a SQLite database; it was not changed")]
    NotADatabase(PathBuf),
    /// The file is a SQLite database of another program.
    #[error("cannot open the database {0}: it has tables of another program; it was not changed")]
    Foreign(PathBuf),
    /// The database was written by a newer version.
    #[error(
        "cannot open the database {0}: it was migrated by a newer server (it has {1}); update this server"
    )]
    Newer(String, String),
    /// The first service's database could not be copied before its migration.
    #[error("cannot copy {0} before its migration to {1}: {2}; it was not changed")]
    Backup(PathBuf, PathBuf, std::io::Error),
    /// Another error, in the words of SQLite or PostgreSQL.
    #[error("cannot open the database {0}: {1}")]
    Failed(String, String),
}

/// The error after the deadline of a work, wrapped into diesel's error type.
#[derive(Debug, thiserror::Error)]
#[error("the time of the transaction is used up")]
struct OutOfTime;

/// Returns the error of rows that are read after the deadline.
pub(super) fn out_of_time() -> Error {
    Error::QueryBuilderError(Box::new(OutOfTime))
}

/// Converts diesel's error to the port's.
#[expect(clippy::needless_pass_by_value, reason = "the signature of `map_err`")]
pub(super) fn store_error(error: Error) -> StoreError {
    if let Error::DeserializationError(cause) = &error {
        // Every column contains values of its type, so the bytes have changed since.
        let why = cause.source().map(|why| format!(": {why}")).unwrap_or_default();
        return StoreError::Damaged(format!("a stored value cannot be read: {cause}{why}"));
    }
    if matches!(&error, Error::QueryBuilderError(cause) if cause.is::<OutOfTime>()) {
        return StoreError::OutOfTime;
    }
    let message = error.to_string();
    classified(&message).unwrap_or(StoreError::Failed(message))
}

/// Records the first error of the database itself on a connection.
#[derive(Clone, Default)]
pub(super) struct Faults(Arc<Mutex<Option<StoreError>>>);

impl Faults {
    /// Records the errors of a connection from now on.
    pub(super) fn watch(&self, connection: &mut SqliteConnection) {
        let faults = Self::clone(self);
        connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::FinishQuery { error: Some(error), .. } = event
                && let Some(fault) = classified(&error.to_string())
            {
                faults.0.lock().get_or_insert(fault);
            }
        });
    }

    /// Takes the first error since the last call.
    pub(super) fn take(&self) -> Option<StoreError> {
        self.0.lock().take()
    }
}

/// SQLite's messages about a damaged file, and FTS5's about a damaged index.
const DAMAGED: [&str; 5] =
    ["malformed", "not a database", "fts5: corrupt", "fts5: checksum", "fts5: missing row"];

/// Classifies a message of SQLite (`sqlite3_errstr`, which is stable), because diesel exposes no
/// result codes.
pub(super) fn classified(message: &str) -> Option<StoreError> {
    let says = |text: &str| message.contains(text);
    // SQLite ends a transaction if the disk is full or fails, and then has no savepoint to return
    // to. The failing statement does not always report it to the connection's instrumentation.
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
