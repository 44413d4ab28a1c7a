//! The check whether a file is a database of this server, without changing it.

use std::path::Path;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use super::MaintenanceError;
use crate::sqlite::{migrate, reference};
use crate::{Location, OpenError};

/// The migrations of a database, oldest first.
const APPLIED: &str = "SELECT version FROM __diesel_schema_migrations ORDER BY version";

#[derive(QueryableByName)]
struct AppliedMigration {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Returns the last migration of a database of this server.
///
/// # Errors
/// Returns `Empty`, `FirstService`, `Open(Foreign)` or `Open(Newer)` if it is another database, and
/// `Locked` or `Failed` if it cannot be read.
pub(super) fn version(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<String, MaintenanceError> {
    let unread = || MaintenanceError::sqlite("read", path);
    let tables = reference::tables(connection).map_err(unread())?;
    if tables.is_empty() {
        return Err(MaintenanceError::Empty(path.to_owned()));
    }
    if !tables.iter().any(|table| table == "__diesel_schema_migrations") {
        let is_first_service =
            reference::TABLES.iter().all(|table| tables.iter().any(|t| t == table));
        return Err(if is_first_service {
            MaintenanceError::FirstService(path.to_owned())
        } else {
            OpenError::Foreign(path.to_owned()).into()
        });
    }
    let applied: Vec<AppliedMigration> = sql_query(APPLIED).load(connection).map_err(unread())?;
    let mut versions: Vec<String> = applied.into_iter().map(|row| row.version).collect();
    migrate::refuse_newer(versions.clone(), &Location::File(path.to_owned()))?;
    versions.pop().ok_or_else(|| MaintenanceError::Empty(path.to_owned()))
}

/// Rejects a path that is not a regular file.
pub(super) fn must_exist(path: &Path) -> Result<(), MaintenanceError> {
    if path.is_dir() {
        return Err(OpenError::IsFolder(path.to_owned()).into());
    }
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(()),
        // Opening a pipe would wait for its other end.
        Ok(_) => Err(MaintenanceError::NotAFile(path.to_owned())),
        Err(_) => Err(MaintenanceError::Missing(path.to_owned())),
    }
}
