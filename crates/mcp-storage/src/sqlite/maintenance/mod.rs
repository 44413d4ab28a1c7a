//! What an operator does with a database file beside the server: check, back up, restore, migrate,
//! rebuild and vacuum it.
//!
//! Everything here takes the file's path: a database in memory is its server's alone. A check, a
//! backup and a rebuild work while a server runs; a restore and a migration refuse.

mod alone;
mod backup;
mod check;
mod consistency;
mod error;
mod identity;
mod migration;
mod rebuild;
mod restore;
mod vacuum;

pub use backup::{Backup, backup};
pub use check::{Checked, check};
pub use error::MaintenanceError;
pub use migration::{Migrated, Origin, migrate};
pub use rebuild::rebuild;
pub use restore::{Restored, restore};
pub use vacuum::{Vacuumed, vacuum};
