//! A backup put in a database's place.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;

use super::alone::Alone;
use super::backup::refuse_sidecars;
use super::{Checked, MaintenanceError, check, identity};
use crate::sqlite::{connection, files};
use crate::{Location, OpenError};

/// A backup that was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the check of the backup found: no faults.
    pub checked: Checked,
    /// The file that holds it now: where the database's path is a link, what that stands for.
    pub database: PathBuf,
    /// Where the database is kept that was replaced, if there was one.
    pub kept: Option<PathBuf>,
}

/// Puts a backup in the place of the database, which is kept beside it. Whatever interrupts this
/// leaves the old or the new database at the path.
///
/// # Errors
/// When the backup is not a whole database of ours, or is a newer server's; when a server has the
/// database open; when its path is a link to nothing. Nothing was changed then.
pub fn restore(database: &Path, backup: &Path) -> Result<Restored, MaintenanceError> {
    identity::must_exist(backup)?;
    let followed = files::without_link(database);
    let database = &followed.map_err(MaintenanceError::file("follow the link", database))?;
    connection::check_file(&Location::File(database.to_owned()))?;
    refuse_sidecars(backup)?;
    let is_there = database.exists();
    if is_there {
        // Asked again below; now, so that a running server is said before a long copy is made.
        drop(Alone::with(database)?);
        if fs::canonicalize(database).ok() == fs::canonicalize(backup).ok() {
            return Err(MaintenanceError::Itself(backup.to_owned()));
        }
    }
    let staging = tempfile::Builder::new()
        .prefix(".mcp-server-restore-")
        .tempdir_in(files::folder(database))
        .map_err(MaintenanceError::file("write beside", database))?;
    let copy = staging.path().join("copy");
    fs::copy(backup, &copy).map_err(MaintenanceError::file("copy", backup))?;
    let checked = check(&copy).map_err(|error| about(error, &copy, backup))?;
    if let Some(fault) = checked.faults.first() {
        return Err(MaintenanceError::Faulty(backup.to_owned(), fault.clone()));
    }
    let kept = if is_there { Some(replace(database, &copy)?) } else { place(database, &copy)? };
    files::sync_folder(database).map_err(MaintenanceError::file("write", database))?;
    Ok(Restored { checked, database: database.clone(), kept })
}

/// Puts the copy where a database is, and gives back where that is kept.
fn replace(database: &Path, copy: &Path) -> Result<PathBuf, MaintenanceError> {
    fold(database);
    let alone = Alone::with(database)?;
    let unkept = || MaintenanceError::file("keep", database);
    let old = alone.file().metadata().map_err(unkept())?;
    let new = File::open(copy).map_err(unkept())?;
    new.set_permissions(old.permissions()).map_err(unkept())?;
    // Only root may give a file away; who is not root owns both.
    let _ = fchown(&new, Some(old.uid()), Some(old.gid()));
    new.sync_all().map_err(unkept())?;
    let kept = files::free_name(database, ".before-restore");
    if fs::hard_link(database, &kept).is_err() {
        // A file system without hard links.
        duplicate(alone.file(), &kept).map_err(unkept())?;
    }
    // Only of a damaged database is anything left here: a whole one was folded.
    set_aside(database, &kept).map_err(unkept())?;
    files::sync_folder(database).map_err(unkept())?;
    fs::rename(copy, database).map_err(MaintenanceError::file("replace", database))?;
    Ok(kept)
}

/// Puts the copy where nothing is but, at most, what a database that is gone has left.
fn place(database: &Path, copy: &Path) -> Result<Option<PathBuf>, MaintenanceError> {
    let unwritten = || MaintenanceError::file("write", database);
    File::open(copy).and_then(|copy| copy.sync_all()).map_err(unwritten())?;
    let aside = files::free_name(database, ".before-restore");
    set_aside(database, &aside).map_err(unwritten())?;
    fs::rename(copy, database).map_err(unwritten())?;
    Ok(None)
}

/// Puts what is in the write-ahead log into the file, as far as SQLite can read it, so that the file
/// alone is the old database.
fn fold(database: &Path) {
    if let Ok(mut connection) = connection::for_looking(&Location::File(database.to_owned())) {
        let _ = connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
}

/// Moves the files beside a database with it: SQLite would read them into the new one.
fn set_aside(database: &Path, kept: &Path) -> io::Result<()> {
    for suffix in files::SIDECARS {
        moved(fs::rename(files::beside(database, suffix), files::beside(kept, suffix)))?;
    }
    moved(fs::remove_file(files::beside(database, files::SHARED_MEMORY)))
}

/// What is not there need not be moved.
fn moved(outcome: io::Result<()>) -> io::Result<()> {
    outcome
        .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

fn duplicate(mut from: &File, to: &Path) -> io::Result<()> {
    let mut to = File::create_new(to)?;
    io::copy(&mut from, &mut to)?;
    to.sync_all()
}

/// The error about the copy, told about the file that it is a copy of.
fn about(error: MaintenanceError, copy: &Path, backup: &Path) -> MaintenanceError {
    use MaintenanceError::{Empty, Failed, FirstService, Open};
    let backup = backup.to_owned();
    match error {
        Open(OpenError::NotADatabase(_)) => Open(OpenError::NotADatabase(backup)),
        Open(OpenError::Foreign(_)) => Open(OpenError::Foreign(backup)),
        Open(OpenError::Newer(_, version)) => {
            Open(OpenError::Newer(backup.display().to_string(), version))
        }
        Open(OpenError::Failed(name, message)) if name == copy.display().to_string() => {
            Open(OpenError::Failed(backup.display().to_string(), message))
        }
        Empty(_) => Empty(backup),
        FirstService(_) => FirstService(backup),
        Failed(doing, _, message) => Failed(doing, backup, message),
        other => other,
    }
}
