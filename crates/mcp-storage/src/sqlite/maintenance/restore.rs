//! The replacement of a database by a backup.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;

use super::backup::refuse_sidecars;
use super::exclusive_lock::ExclusiveLock;
use super::{Checked, MaintenanceError, check, identity};
use crate::sqlite::{connection, files};
use crate::{Location, OpenError};

/// The result of a restore.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The check of the backup, which has no faults.
    pub checked: Checked,
    /// The database file: the target, if the database's path is a link.
    pub database: PathBuf,
    /// The path of the replaced database, if there was one.
    pub kept: Option<PathBuf>,
}

/// Replaces a database by a backup, and keeps the old database under another name. After an
/// interruption, the path has the old or the new database.
///
/// # Errors
/// Returns an error, with nothing changed, if the backup is not an intact database of this server
/// or an older one, if another process has the database open, or if its path is a link to a missing
/// file.
pub fn restore(database: &Path, backup: &Path) -> Result<Restored, MaintenanceError> {
    identity::must_exist(backup)?;
    let followed = files::without_link(database);
    let database = &followed.map_err(MaintenanceError::file("follow the link", database))?;
    connection::check_file(&Location::File(database.to_owned()))?;
    refuse_sidecars(backup)?;
    let is_there = database.exists();
    if is_there {
        // Repeated later. The early check reports a running server before a long copy.
        drop(ExclusiveLock::take(database)?);
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

/// Replaces an existing database by the copy. Returns the path of the kept database.
fn replace(database: &Path, copy: &Path) -> Result<PathBuf, MaintenanceError> {
    checkpoint(database);
    let lock = ExclusiveLock::take(database)?;
    let unkept = || MaintenanceError::file("keep", database);
    let old = lock.file().metadata().map_err(unkept())?;
    let new = File::open(copy).map_err(unkept())?;
    new.set_permissions(old.permissions()).map_err(unkept())?;
    // Only root can change the owner; for others, it is the same.
    let _ = fchown(&new, Some(old.uid()), Some(old.gid()));
    new.sync_all().map_err(unkept())?;
    let kept = files::free_name(database, ".before-restore");
    if fs::hard_link(database, &kept).is_err() {
        // The file system has no hard links.
        duplicate(lock.file(), &kept).map_err(unkept())?;
    }
    // Only a damaged database has such files here: an intact one was checkpointed.
    set_aside(database, &kept).map_err(unkept())?;
    files::sync_folder(database).map_err(unkept())?;
    fs::rename(copy, database).map_err(MaintenanceError::file("replace", database))?;
    Ok(kept)
}

/// Places the copy where no database exists, except possibly remains of one.
fn place(database: &Path, copy: &Path) -> Result<Option<PathBuf>, MaintenanceError> {
    let unwritten = || MaintenanceError::file("write", database);
    File::open(copy).and_then(|copy| copy.sync_all()).map_err(unwritten())?;
    let aside = files::free_name(database, ".before-restore");
    set_aside(database, &aside).map_err(unwritten())?;
    fs::rename(copy, database).map_err(unwritten())?;
    Ok(None)
}

/// Moves the write-ahead log into the file as far as SQLite can read it, so that the file alone is the
/// old database.
fn checkpoint(database: &Path) {
    if let Ok(mut connection) = connection::for_looking(&Location::File(database.to_owned())) {
        let _ = connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
}

/// Moves the database's other files with it, because SQLite would read them into the new one.
fn set_aside(database: &Path, kept: &Path) -> io::Result<()> {
    for suffix in files::SIDECARS {
        ignore_missing(fs::rename(
            files::with_suffix(database, suffix),
            files::with_suffix(kept, suffix),
        ))?;
    }
    ignore_missing(fs::remove_file(files::with_suffix(database, files::SHARED_MEMORY)))
}

fn ignore_missing(outcome: io::Result<()>) -> io::Result<()> {
    outcome
        .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

fn duplicate(mut from: &File, to: &Path) -> io::Result<()> {
    let mut to = File::create_new(to)?;
    io::copy(&mut from, &mut to)?;
    to.sync_all()
}

/// Replaces the copy's path in an error by the backup's.
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
