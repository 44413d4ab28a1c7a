//! The files of a database, and derived names.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use mcp_core::memory::StoreError;

/// Files of committed changes that are not in the database file yet. They move with the database
/// file; next to another file, they would be read into that.
pub(super) const SIDECARS: [&str; 2] = ["-wal", "-journal"];

/// An index into the write-ahead log, recreated by the first process that opens the database.
pub(super) const SHARED_MEMORY: &str = "-shm";

/// Returns the path with a suffix.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Returns the target of a link, or the path itself. SQLite's other files are next to the target,
/// and a rename would replace the link.
pub(super) fn without_link(path: &Path) -> io::Result<PathBuf> {
    if path.is_symlink() { path.canonicalize() } else { Ok(path.to_owned()) }
}

/// Returns `mcp_server.db.before-migration`, or a numbered name if that exists, so that no copy is
/// overwritten.
pub(super) fn free_name(path: &Path, suffix: &str) -> PathBuf {
    let numbered = (2..).map(|number| with_suffix(path, &format!("{suffix}-{number}")));
    std::iter::once(with_suffix(path, suffix))
        .chain(numbered)
        .find(|path| !path.exists())
        .expect("the numbers are infinite")
}

/// Returns the identity of a file, to tell it from a later file of the same name; `None` without a
/// file.
pub(super) fn file_id(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// The file that a path referred to when it was opened.
pub(super) struct OpenedFile {
    path: PathBuf,
    id: (u64, u64),
}

impl OpenedFile {
    pub(super) fn at(path: &Path) -> Option<Self> {
        file_id(path).map(|id| Self { path: path.to_owned(), id })
    }

    /// Checks that the path still refers to the file. Writes to a removed file would be lost.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let is_there = match fs::metadata(&self.path) {
            Ok(file) => (file.dev(), file.ino()) == self.id,
            // SQLite reports other errors.
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        if is_there {
            return Ok(());
        }
        let path = self.path.display();
        Err(StoreError::Unavailable(format!("{path} was removed or replaced: restart the server")))
    }
}

/// Returns the folder of a path.
pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Syncs a rename or a removal in the path's folder to disk.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}
