//! The operator's commands for a database file: check, back up, restore, migrate, rebuild and
//! vacuum.
//!
//! All take the file's path, since a database in memory belongs to its server only. A check, a
//! backup and a rebuild work while a server runs; a restore and a migration fail.

mod backup;
mod check;
mod consistency;
mod error;
mod exclusive_lock;
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
