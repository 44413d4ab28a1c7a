//! A database brought to this version without starting the server.

use std::path::Path;

use super::alone::Alone;
use super::{MaintenanceError, identity};
use crate::sqlite::{connection, migrate as steps, reference};
use crate::{Location, Synchronous};

/// What a database was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// There was none, or an empty file.
    Nothing,
    /// The first service's.
    FirstService,
    /// Ours, with this as its last step of migration.
    Version(String),
}

/// What a migration did.
#[derive(Clone, Debug)]
pub struct Migrated {
    /// From what.
    pub from: Origin,
    /// To which step of migration.
    pub to: String,
}

/// Brings a database to this version, as a start of the server would; a file that is not there is
/// made.
///
/// # Errors
/// When it is not ours or a newer server's, or when a server has it open and something is missing.
pub fn migrate(path: &Path) -> Result<Migrated, MaintenanceError> {
    let location = Location::File(path.to_owned());
    connection::check_file(&location)?;
    let to = steps::newest();
    let from = origin(path)?;
    if from == Origin::Version(to.clone()) {
        return Ok(Migrated { from, to });
    }
    if path.exists() {
        // A server of the older version that runs would find tables that it does not know.
        drop(Alone::with(path)?);
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
