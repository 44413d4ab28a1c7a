//! The rebuild of derived data without starting the server.

use std::path::Path;

use diesel::prelude::*;

use super::{Checked, MaintenanceError, check, identity};
use crate::sqlite::derived::{Health, Worker};
use crate::sqlite::memory::note_all;
use crate::sqlite::{connection, migrate, transaction};
use crate::{Location, Synchronous};

/// Rebuilds the search index, the counts and the spellings of names in small steps, so that a
/// server may run meanwhile. Returns the result of a check.
///
/// # Errors
/// Returns `Missing`, `Older` or an [`OpenError`](crate::OpenError) if the file is not a database
/// of this version, and `Locked` or `Failed` if it cannot be written.
pub fn rebuild(path: &Path) -> Result<Checked, MaintenanceError> {
    identity::must_exist(path)?;
    let location = Location::File(path.to_owned());
    let version = identity::version(&mut connection::for_checking(path)?, path)?;
    if version != migrate::newest() {
        return Err(MaintenanceError::Older(path.to_owned()));
    }
    let mut connection = connection::for_writing(&location, Synchronous::Full)?;
    work(&mut connection).map_err(MaintenanceError::sqlite("rebuild", path))?;
    drop(connection);
    check(path)
}

fn work(connection: &mut SqliteConnection) -> QueryResult<()> {
    transaction::begin_writing(connection)?;
    note_all(connection).inspect_err(|_| transaction::rollback(connection))?;
    transaction::commit(connection)?;
    let health = Health::sound();
    health.index_is_damaged();
    health.counts_are_wrong();
    let mut worker = Worker::new(health);
    while worker.try_step(connection)? {}
    Ok(())
}
