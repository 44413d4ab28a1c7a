//! The compaction of a database file.

use std::path::Path;

use diesel::connection::SimpleConnection;

use super::check::number;
use super::{MaintenanceError, identity};
use crate::Location;
use crate::sqlite::connection;

/// The result of a vacuum.
#[derive(Clone, Copy, Debug)]
pub struct Vacuumed {
    /// The size before, in bytes.
    pub before: u64,
    /// The size after, in bytes.
    pub after: u64,
}

/// The copy may be large, so it is built in a file.
const VACUUM: &str = "
    PRAGMA temp_store = FILE;
    VACUUM;
    PRAGMA optimize;
    PRAGMA wal_checkpoint(TRUNCATE);
";

const BYTES: &str =
    "SELECT page_count * page_size AS number FROM pragma_page_count, pragma_page_size";

/// Compacts the database, and updates SQLite's statistics. Writers wait meanwhile. It temporarily
/// needs twice the space.
///
/// # Errors
/// Returns `Missing` or an [`OpenError`](crate::OpenError) if the file is not a database of this server,
/// and `Locked` if another process holds a lock for too long.
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
