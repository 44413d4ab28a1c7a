//! The memory ports of mcp-core on diesel: SQLite, embedded, and PostgreSQL with the feature
//! `postgres`.
//!
//! [`open`] opens a [`mcp_core::Store`]. `sqlite` and `postgres` document how writes share
//! commits and how reads run concurrently.

mod jobs;
mod location;
mod log_entries;
#[cfg(feature = "postgres")]
mod postgres;
mod reads;
mod scheduling;
mod spellings;
mod sqlite;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use mcp_core::{Clock, Store};

pub use location::{Location, LocationError};
#[cfg(feature = "postgres")]
pub use postgres::PostgresUrl;
pub use sqlite::{OpenError, maintenance};

/// The settings of a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// The number of connections that read at the same time (1 to 64).
    pub readers: u32,
    /// The number of writes and log entries that may wait (1 to 65,536). Further writes are
    /// rejected as busy.
    pub queue: u32,
    /// The number of log entries to keep.
    pub log_retention: u32,
    /// When SQLite syncs to disk.
    pub synchronous: Synchronous,
    /// The timeout of a statement in PostgreSQL.
    pub statement_timeout: Duration,
}

/// When SQLite syncs to disk (`PRAGMA synchronous`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// At every commit: a power cut loses no answered write.
    #[default]
    Full,
    /// Only at checkpoints: a power cut may lose the last commits, but damages nothing.
    Normal,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 4,
            queue: 1024,
            log_retention: 1000,
            synchronous: Synchronous::Full,
            statement_timeout: Duration::from_secs(30),
        }
    }
}

/// Opens the database, creates or migrates its tables, and starts its writer. Blocks meanwhile.
///
/// # Errors
/// Returns [`OpenError`] if the database cannot be opened. Its message is one line that says what
/// to do.
pub fn open(
    location: &Location,
    options: &Options,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Store>, OpenError> {
    match location {
        #[cfg(feature = "postgres")]
        Location::Postgres(url) => {
            Ok(Arc::new(postgres::PostgresStore::open(url, options, clock)?))
        }
        location => Ok(Arc::new(sqlite::SqliteStore::open(location, options, clock)?)),
    }
}
