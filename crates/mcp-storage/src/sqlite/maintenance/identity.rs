//! Whose database a file is, found out without changing it.

use std::path::Path;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use super::MaintenanceError;
use crate::sqlite::{migrate, reference};
use crate::{Location, OpenError};

/// The steps of migration that a database has, the oldest first.
const APPLIED: &str = "SELECT version FROM __diesel_schema_migrations ORDER BY version";

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    version: String,
}

/// The last step of migration that a database of ours has.
///
/// # Errors
/// When it is empty, the first service's, another program's, or a newer server's.
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
    let steps: Vec<Step> = sql_query(APPLIED).load(connection).map_err(unread())?;
    let mut steps: Vec<String> = steps.into_iter().map(|step| step.version).collect();
    migrate::refuse_newer(steps.clone(), &Location::File(path.to_owned()))?;
    steps.pop().ok_or_else(|| MaintenanceError::Empty(path.to_owned()))
}

/// Refuses a path at which there is no regular file.
pub(super) fn must_exist(path: &Path) -> Result<(), MaintenanceError> {
    if path.is_dir() {
        return Err(OpenError::IsFolder(path.to_owned()).into());
    }
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(()),
        // Whoever opens a pipe waits for its other side.
        Ok(_) => Err(MaintenanceError::NotAFile(path.to_owned())),
        Err(_) => Err(MaintenanceError::Missing(path.to_owned())),
    }
}
