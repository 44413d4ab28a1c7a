//! The migration of a database without starting the server.

use std::path::Path;

use super::exclusive_lock::ExclusiveLock;
use super::{MaintenanceError, identity};
use crate::sqlite::{connection, migrate as steps, reference};
use crate::{Location, Synchronous};

/// The state of a database before a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file was missing or empty.
    Nothing,
    /// The database was the first service's.
    FirstService,
    /// The database was this server's, with this as its last migration.
    Version(String),
}

/// The result of a migration.
#[derive(Clone, Debug)]
pub struct Migrated {
    /// The earlier state.
    pub from: Origin,
    /// The last migration now.
    pub to: String,
}

/// Migrates a database as a start of the server would. Creates a missing file.
///
/// # Errors
/// Returns an [`OpenError`](crate::OpenError) if the database is another program's or a newer
/// server's, and `InUse` if it needs a migration while a server has it open.
pub fn migrate(path: &Path) -> Result<Migrated, MaintenanceError> {
    let location = Location::File(path.to_owned());
    connection::check_file(&location)?;
    let to = steps::newest();
    let from = origin(path)?;
    if from == Origin::Version(to.clone()) {
        return Ok(Migrated { from, to });
    }
    if path.exists() {
        // A running server of the older version would meet unknown tables.
        drop(ExclusiveLock::take(path)?);
    }
    reference::migrate(&location)?;
    steps::run(&mut connection::for_writing(&location, Synchronous::Full)?, &location)?;
    Ok(Migrated { from, to })
}

fn origin(path: &Path) -> Result<Origin, MaintenanceError> {
    if std::fs::metadata(path).map_or(0, |file| file.len()) == 0 {
        return Ok(Origin::Nothing);
    }
    match identity::version(&mut connection::for_checking(path)?, path) {
        Ok(version) => Ok(Origin::Version(version)),
        Err(MaintenanceError::Empty(_)) => Ok(Origin::Nothing),
        Err(MaintenanceError::FirstService(_)) => Ok(Origin::FirstService),
        Err(error) => Err(error),
    }
}
