//! Whether another process has a database open, and that none opens it meanwhile.
//!
//! SQLite takes POSIX locks (fcntl) on the database's file, and keeps one as long as a connection in
//! write-ahead mode is open: a running server always has some. A lock of the whole file can be had
//! only when nobody has any. Unlike a question to SQLite, this works on a damaged file as well; and
//! unlike a lock file of our own, it is gone with the process, however that ends, and knows every
//! program that opens the database.

use std::fs::File;
use std::path::Path;

use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;

use super::MaintenanceError;

/// While this lives, no other process gets a lock on the file.
///
/// Closing any handle of a file gives up all of a process's POSIX locks on it, so nothing in this
/// process may open and close the database meanwhile.
#[derive(Debug)]
pub(super) struct Alone(File);

impl Alone {
    /// # Errors
    /// When another process has the database open.
    pub(super) fn with(path: &Path) -> Result<Self, MaintenanceError> {
        let file = File::options()
            .read(true)
            .write(true)
            .open(path)
            .map_err(MaintenanceError::file("open", path))?;
        match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self(file)),
            Err(Errno::AGAIN | Errno::ACCESS) => Err(MaintenanceError::InUse(path.to_owned())),
            Err(error) => Err(MaintenanceError::file("lock", path)(error.into())),
        }
    }

    /// The locked file.
    pub(super) fn file(&self) -> &File {
        &self.0
    }
}
