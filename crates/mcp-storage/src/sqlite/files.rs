//! The files of a database, and names beside it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use mcp_core::memory::StoreError;

/// What SQLite keeps beside a database: what is committed and not in the file yet. Whoever moves the
/// file moves these with it; beside another file they would be read into that.
pub(super) const SIDECARS: [&str; 2] = ["-wal", "-journal"];

/// An index into the write-ahead log, made anew by whoever opens the database first.
pub(super) const SHARED_MEMORY: &str = "-shm";

/// The path with a suffix.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The file that a link stands for, or the path as it is. SQLite keeps the files beside a database
/// beside that file, and a rename would replace the link.
pub(super) fn without_link(path: &Path) -> io::Result<PathBuf> {
    if path.is_symlink() { path.canonicalize() } else { Ok(path.to_owned()) }
}

/// `mcp_server.db.before-migration`, or with a number where that is taken. Names are numbered so that
/// no copy is ever overwritten.
pub(super) fn free_name(path: &Path, suffix: &str) -> PathBuf {
    let numbered = (2..).map(|number| beside(path, &format!("{suffix}-{number}")));
    std::iter::once(beside(path, suffix))
        .chain(numbered)
        .find(|path| !path.exists())
        .expect("there are more numbers than files")
}

/// What tells a file from another that gets its name later; none where there is no file.
pub(super) fn number(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// The file that a path named when it was opened.
pub(super) struct Opened {
    path: PathBuf,
    number: (u64, u64),
}

impl Opened {
    pub(super) fn at(path: &Path) -> Option<Self> {
        number(path).map(|number| Self { path: path.to_owned(), number })
    }

    /// Whether the path still names it. What is written to a file without a name is lost.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let is_there = match fs::metadata(&self.path) {
            Ok(file) => (file.dev(), file.ino()) == self.number,
            // Whatever else is wrong, SQLite will say it.
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        if is_there {
            return Ok(());
        }
        let path = self.path.display();
        Err(StoreError::Unavailable(format!("{path} was removed or replaced: start again")))
    }
}

/// The folder in which a path is.
pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Puts a rename or a removal in a folder on the disk.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}
