//! A copy of a database while a server uses it.
//!
//! `VACUUM INTO` copies one snapshot, compacted, and writers continue meanwhile. SQLite's backup
//! interface would require `unsafe`, and restarts whenever another process writes.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use super::{Checked, MaintenanceError, check, identity};
use crate::sqlite::{connection, files};

/// The result of a backup.
#[derive(Clone, Debug)]
pub struct Backup {
    /// The check of the copy, which has no faults.
    pub checked: Checked,
}

/// Copies the database into a file. The copy is made in a temporary folder next to the file,
/// checked, synced to disk, and only then renamed. With `replace`, it replaces a file of that name.
///
/// # Errors
/// Returns `Missing` or an [`OpenError`](crate::OpenError) if the file is not a database of this server,
/// `Exists` if the file exists, `Faulty` if the copy has faults, and `File` or `Failed` if the copy
/// cannot be made.
pub fn backup(database: &Path, to: &Path, replace: bool) -> Result<Backup, MaintenanceError> {
    identity::must_exist(database)?;
    let followed = files::without_link(database);
    let database = &followed.map_err(MaintenanceError::file("open", database))?;
    refuse_own_files(database, to)?;
    match fs::metadata(to) {
        Ok(found) if !found.is_file() => return Err(MaintenanceError::NotAFile(to.to_owned())),
        Ok(_) if !replace => return Err(MaintenanceError::Exists(to.to_owned())),
        _ => {}
    }
    refuse_sidecars(to)?;
    let unwritten = || MaintenanceError::file("write", to);
    let staging = tempfile::Builder::new()
        .prefix(".mcp-server-backup-")
        .tempdir_in(files::folder(to))
        .map_err(unwritten())?;
    let copy = staging.path().join("copy");
    let mut connection = connection::for_copying(database)?;
    identity::version(&mut connection, database)?;
    sql_query("VACUUM INTO ?")
        .bind::<Text, _>(connection::file_name(&copy))
        .execute(&mut connection)
        .map_err(MaintenanceError::sqlite("copy", database))?;
    drop(connection);
    let checked = check(&copy)?;
    if let Some(fault) = checked.faults.first() {
        return Err(MaintenanceError::Faulty(to.to_owned(), fault.clone()));
    }
    let mode = fs::metadata(database).map_err(unwritten())?.permissions();
    fs::set_permissions(&copy, mode).map_err(unwritten())?;
    File::open(&copy).and_then(|copy| copy.sync_all()).map_err(unwritten())?;
    give_name(&copy, to, replace)?;
    files::sync_folder(to).map_err(unwritten())?;
    Ok(Backup { checked })
}

/// Renames the finished copy, in one step. Without `replace`, it never replaces another file.
fn give_name(copy: &Path, to: &Path, replace: bool) -> Result<(), MaintenanceError> {
    let named = if replace { fs::rename(copy, to) } else { fs::hard_link(copy, to) };
    match named {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(MaintenanceError::Exists(to.to_owned()))
        }
        // The file system has no hard links.
        Err(_) if !replace && !to.exists() => {
            fs::rename(copy, to).map_err(MaintenanceError::file("write", to))
        }
        named => named.map_err(MaintenanceError::file("write", to)),
    }
}

/// Rejects the database's own files as the target, in any spelling of the path.
fn refuse_own_files(database: &Path, to: &Path) -> Result<(), MaintenanceError> {
    let real = |path: &Path| {
        let folder = fs::canonicalize(files::folder(path)).ok()?;
        Some(folder.join(path.file_name()?))
    };
    let is_same_file =
        fs::canonicalize(to).ok().is_some_and(|to| fs::canonicalize(database).ok() == Some(to));
    let names = files::SIDECARS.into_iter().chain([files::SHARED_MEMORY]);
    let is_sidecar = |name: &str| real(&files::with_suffix(database, name)) == real(to);
    if is_same_file || names.into_iter().any(is_sidecar) {
        return Err(MaintenanceError::Itself(to.to_owned()));
    }
    Ok(())
}

/// Rejects a file with sidecar files that SQLite would read into it.
pub(super) fn refuse_sidecars(path: &Path) -> Result<(), MaintenanceError> {
    let sidecars = files::SIDECARS.map(|suffix| files::with_suffix(path, suffix));
    match sidecars.into_iter().find(|file| fs::metadata(file).is_ok_and(|file| file.len() > 0)) {
        Some(sidecar) => Err(MaintenanceError::Unfinished(path.to_owned(), sidecar)),
        None => Ok(()),
    }
}
