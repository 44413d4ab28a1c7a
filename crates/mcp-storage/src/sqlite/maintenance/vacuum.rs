//! A database written anew without the room that removed rows have left.

use std::path::Path;

use diesel::connection::SimpleConnection;

use super::check::number;
use super::{MaintenanceError, identity};
use crate::Location;
use crate::sqlite::connection;

/// What a vacuum did.
#[derive(Clone, Copy, Debug)]
pub struct Vacuumed {
    /// Bytes in the database before.
    pub before: u64,
    /// Bytes in the database after.
    pub after: u64,
}

/// The copy is built in a file and not in memory, as large as it may be.
const VACUUM: &str = "
    PRAGMA temp_store = FILE;
    VACUUM;
    PRAGMA optimize;
    PRAGMA wal_checkpoint(TRUNCATE);
";

const BYTES: &str =
    "SELECT page_count * page_size AS number FROM pragma_page_count, pragma_page_size";

/// Writes the database anew, and has SQLite look at its statistics. Writers wait meanwhile, and it
/// needs twice the room for a moment.
///
/// # Errors
/// When it is not ours, or another process holds a lock for longer than is waited for.
pub fn vacuum(path: &Path) -> Result<Vacuumed, MaintenanceError> {
    identity::must_exist(path)?;
    let mut connection = connection::for_looking(&Location::File(path.to_owned()))?;
    identity::version(&mut connection, path)?;
    let failed = || MaintenanceError::sqlite("vacuum", path);
    let before = number(&mut connection, BYTES).map_err(failed())?;
    connection.batch_execute(VACUUM).map_err(failed())?;
    let after = number(&mut connection, BYTES).map_err(failed())?;
    Ok(Vacuumed { before, after })
}
