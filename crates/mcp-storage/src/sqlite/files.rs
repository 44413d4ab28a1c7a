//! The files of a database, and names beside it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

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
