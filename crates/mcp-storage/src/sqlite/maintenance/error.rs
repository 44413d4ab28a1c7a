//! Why a maintenance of a database file was not done: one line each.

use std::io;
use std::path::PathBuf;

use diesel::result::Error;

use crate::OpenError;

/// Why it was not done. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum MaintenanceError {
    /// The database cannot be opened, or is not this server's.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no such file.
    #[error("there is no database {0}")]
    Missing(PathBuf),
    /// The file has no tables yet.
    #[error("the database {0} is empty: the server makes its tables when it starts")]
    Empty(PathBuf),
    /// The file is still in the first service's form.
    #[error(
        "the database {0} is the first service's: mcp-server db migrate, or the next start, moves it"
    )]
    FirstService(PathBuf),
    /// Steps of migration are missing.
    #[error("the database {0} is an older version's: run mcp-server db migrate first")]
    Older(PathBuf),
    /// A server, or another program, has the database open.
    #[error("the database {0} is open in another process: stop the server first")]
    InUse(PathBuf),
    /// Another process held a lock for longer than is waited for.
    #[error("the database {0} is locked by another process: try again, or stop the server first")]
    Locked(PathBuf),
    /// A folder, a device or a pipe stands there.
    #[error("{0} is no regular file: name another one")]
    NotAFile(PathBuf),
    /// A file is where the backup should go.
    #[error("{0} is there already: name another file, or say --force to replace it")]
    Exists(PathBuf),
    /// The backup's place is the database itself or one of its files.
    #[error("{0} belongs to the database itself: name another file")]
    Itself(PathBuf),
    /// Files beside a backup say that it is, or was, a database in use.
    #[error("{1} is beside {0}: it is no backup that was finished, but a database in use")]
    Unfinished(PathBuf, PathBuf),
    /// The file that should be restored, or a backup that was just made, does not pass the check.
    #[error("{0} does not pass the check: {1}")]
    Faulty(PathBuf, String),
    /// A file operation failed.
    #[error("cannot {0} {1}: {2}")]
    File(&'static str, PathBuf, io::Error),
    /// Anything else, in SQLite's words.
    #[error("cannot {0} the database {1}: {2}")]
    Failed(&'static str, PathBuf, String),
}

impl MaintenanceError {
    /// For `map_err`: SQLite could not do this.
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

    /// For `map_err`: the system could not do this.
    pub(super) fn file(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::File(doing, path.into(), error)
    }
}
