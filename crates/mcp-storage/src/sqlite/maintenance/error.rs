//! Errors of maintenance commands, each with a message of one line.

use std::io;
use std::path::PathBuf;

use diesel::result::Error;

use crate::OpenError;

/// The error of a maintenance command. It has changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum MaintenanceError {
    /// The database cannot be opened, or is not this server's.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The file does not exist.
    #[error("there is no database {0}")]
    Missing(PathBuf),
    /// The file has no tables yet.
    #[error("the database {0} is empty: the server creates its tables at its start")]
    Empty(PathBuf),
    /// The file is the first service's database.
    #[error(
        "the database {0} is the first service's: run mcp-server db migrate, or start the server once"
    )]
    FirstService(PathBuf),
    /// The database lacks migrations.
    #[error("the database {0} is an older version's: run mcp-server db migrate first")]
    Older(PathBuf),
    /// A server, or another program, has the database open.
    #[error("the database {0} is open in another process: stop the server first")]
    InUse(PathBuf),
    /// Another process held a lock for too long.
    #[error("the database {0} is locked by another process: try again, or stop the server first")]
    Locked(PathBuf),
    /// The path is a folder, a device or a pipe.
    #[error("{0} is not a regular file: name another one")]
    NotAFile(PathBuf),
    /// The target of the backup exists.
    #[error("{0} exists: name another file, or use --force to replace it")]
    Exists(PathBuf),
    /// The target of the backup is the database or one of its files.
    #[error("{0} belongs to the database itself: name another file")]
    Itself(PathBuf),
    /// The backup has sidecar files, so it is, or was, a database in use.
    #[error("{0} is not a finished backup but a database in use: it has the file {1}")]
    Unfinished(PathBuf, PathBuf),
    /// A backup, existing or just created, has faults.
    #[error("{0} does not pass the check: {1}")]
    Faulty(PathBuf, String),
    /// A file operation failed.
    #[error("cannot {0} {1}: {2}")]
    File(&'static str, PathBuf, io::Error),
    /// Another error, in SQLite's words.
    #[error("cannot {0} the database {1}: {2}")]
    Failed(&'static str, PathBuf, String),
}

impl MaintenanceError {
    /// Converts an error of SQLite, for `map_err`. `doing` is the failed operation.
    pub(super) fn sqlite(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(Error) -> Self {
        move |error| {
            let message = error.to_string();
            if message.contains("is locked") {
                Self::Locked(path.into())
            } else if message.contains("not a database") {
                OpenError::NotADatabase(path.into()).into()
            } else {
                Self::Failed(doing, path.into(), message)
            }
        }
    }

    /// Converts an error of a file operation, for `map_err`.
    pub(super) fn file(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::File(doing, path.into(), error)
    }
}
