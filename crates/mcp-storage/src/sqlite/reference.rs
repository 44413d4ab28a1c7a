//! The migration of the first service's database (Python, `SQLAlchemy`): in place, in one
//! transaction, after a copy was made.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use super::files::{free_name, sync_folder, with_suffix};
use super::memory::note_all;
use super::{OpenError, connection, migrate};
use crate::Location;

/// The tables of the first service.
pub(super) const TABLES: [&str; 4] = ["config", "logs", "tasks", "users"];

/// Renames the tables, because the new ones have the same names.
const SET_ASIDE: &str = "
    ALTER TABLE users RENAME TO reference_users;
    ALTER TABLE tasks RENAME TO reference_tasks;
    ALTER TABLE config RENAME TO reference_config;
    ALTER TABLE logs RENAME TO reference_logs;
";

const MOVE: &str = include_str!("reference.sql");

#[derive(QueryableByName)]
struct TableName {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Migrates the file if it is the first service's. A new file and one of this server are unchanged.
pub(super) fn migrate(location: &Location) -> Result<(), OpenError> {
    let Location::File(path) = location else {
        return Ok(());
    };
    if std::fs::metadata(path).map_or(0, |file| file.len()) == 0 {
        return Ok(());
    }
    let failed = |error: diesel::result::Error| connection::failed(location, &error.to_string());
    // OpenedFile before SQLite opens the file and closed afterwards: closing any handle releases all of
    // the process's POSIX locks on the file, including SQLite's.
    let source = File::open(path)
        .map_err(|error| OpenError::Failed(location.to_string(), error.to_string()))?;
    let mut connection = connection::for_looking(location)?;
    let tables = tables(&mut connection).map_err(failed)?;
    if tables.is_empty() || tables.iter().any(|table| table == "__diesel_schema_migrations") {
        return Ok(());
    }
    if !TABLES.iter().all(|table| tables.iter().any(|name| name == table)) {
        return Err(OpenError::Foreign(path.clone()));
    }
    let backup = connection
        .batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")
        .map_err(failed)
        .map(|()| free_name(path, ".before-migration"))?;
    let mut copied = Ok(());
    let moved = connection.exclusive_transaction(|connection| {
        copied = copy(&source, path, &backup);
        if copied.is_err() {
            return Err(diesel::result::Error::RollbackTransaction);
        }
        connection.batch_execute(SET_ASIDE)?;
        migrate::run_inside(connection, location)
            .map_err(|error| diesel::result::Error::QueryBuilderError(error.to_string().into()))?;
        connection.batch_execute(MOVE)?;
        note_all(connection)
    });
    copied?;
    if let Err(error) = moved {
        // If the database is unchanged, the copy is useless, and would fill a disk that may be full
        // already.
        if self::tables(&mut connection).is_ok_and(|now| now == tables) {
            remove(&backup);
        }
        return Err(failed(error));
    }
    drop(connection);
    drop(source);
    log::warn!(
        "migrated the first service's database {}; the original is in {}",
        path.display(),
        backup.display()
    );
    Ok(())
}

/// Returns the names of a database's tables, except SQLite's own.
pub(super) fn tables(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let rows: Vec<TableName> = sql_query(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .load(connection)?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// Copies the file under a temporary name and then renames the copy, so that `backup` is never
/// incomplete.
fn copy(mut source: &File, path: &Path, backup: &Path) -> Result<(), OpenError> {
    // A remainder of an interrupted copy is overwritten.
    let part = with_suffix(path, ".before-migration.part");
    let mut options = OpenOptions::new();
    let written = options.write(true).create(true).truncate(true).open(&part).and_then(|mut to| {
        io::copy(&mut source, &mut to)?;
        to.set_permissions(source.metadata()?.permissions())?;
        to.sync_all()?;
        fs::rename(&part, backup)?;
        sync_folder(backup)
    });
    written.map_err(|error| {
        remove(&part);
        OpenError::Backup(path.to_owned(), backup.to_owned(), error)
    })
}

/// Removes a file, if it exists.
fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        log::warn!("cannot remove {}: {error}", path.display());
    }
}
