//! An exclusive lock that shows that no other process has a database open, and keeps it so.
//!
//! SQLite takes POSIX locks (fcntl) on the database file, and holds one as long as a connection in
//! WAL mode is open, as in a running server. A lock of the whole file requires that nobody else
//! holds one. Unlike a query, this works on a damaged file; unlike a lock file, it disappears with
//! the process, and respects every program that opens the database.
//! program that opens the database.

use std::fs::File;
use std::path::Path;

use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;

use super::MaintenanceError;

/// While this exists, no other process gets a lock on the file.
///
/// Closing any handle of a file releases all POSIX locks of the process on it. Therefore nothing in
/// this process may open and close the database meanwhile.
#[derive(Debug)]
pub(super) struct ExclusiveLock(File);

impl ExclusiveLock {
    /// Takes the lock.
    ///
    /// # Errors
    /// Returns `InUse` if another process has the database open, and `File` if the file cannot be opened.
    pub(super) fn take(path: &Path) -> Result<Self, MaintenanceError> {
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

    pub(super) fn file(&self) -> &File {
        &self.0
    }
}
