//! The memory ports of mcp-core on diesel: SQLite, embedded, and with the feature `postgres`
//! PostgreSQL.
//!
//! [`open`] takes a database URL and gives a [`mcp_core::Store`]. How writes are grouped and reads
//! kept apart from them is in [`sqlite`] and `postgres`.

mod jobs;
mod location;
#[cfg(feature = "postgres")]
pub mod postgres;
mod reads;
mod scheduling;
mod spellings;
pub mod sqlite;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use mcp_core::{Clock, Store};

pub use location::{Location, LocationError};
pub use sqlite::{OpenError, maintenance};

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many connections read at once (1 to 64).
    pub readers: u32,
    /// How many writes and log entries may wait (1 to 65,536). A write beyond is refused as busy.
    pub queue: u32,
    /// How many log entries are kept.
    pub log_retention: u32,
    /// What a power cut may take (SQLite).
    pub synchronous: Synchronous,
    /// How long a statement may take on PostgreSQL.
    pub statement_timeout: Duration,
}

/// When SQLite waits for the disk (`PRAGMA synchronous`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// At every commit: a power cut takes nothing that was answered.
    #[default]
    Full,
    /// Now and then: a power cut may take the last commits, and damages nothing.
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
/// With one line that says what is wrong with the database and what would be right.
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
