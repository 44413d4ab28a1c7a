//! SQLite: one writer that commits for many callers, and readers with snapshots of their own.
//!
//! Invariant: only the writer's thread writes.
//!
//! Invariant: a write is answered after its commit has reached the disk.

mod batch;
mod compiled;
mod connection;
mod derived;
mod error;
mod files;
mod insert;
pub mod maintenance;
mod memory;
mod migrate;
mod readers;
mod reference;
mod schema;
mod transaction;
mod upkeep;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use mcp_core::domain::LogEntry;
use mcp_core::memory::{Access, Freshness, Store, StoreFuture, Work};
use mcp_core::{Clock, Timestamp};

use derived::Health;

use crate::writer::Writer;
use crate::{Location, Options};
pub use error::OpenError;
use readers::Readers;

/// An open SQLite database.
pub(crate) struct SqliteStore {
    writer: Writer,
    /// `None` for a database in memory, which only the writer's connection sees.
    readers: Option<Readers>,
    clock: Arc<dyn Clock>,
}

impl SqliteStore {
    /// Opens the database, creates or migrates its tables, and starts the writer.
    pub(crate) fn open(
        location: &Location,
        options: &Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        connection::check_file(location)?;
        reference::migrate(location)?;
        let mut connection = connection::for_writing(location, options.synchronous)?;
        migrate::run(&mut connection, location)?;
        let is_in_memory = *location == Location::Memory;
        let health = if is_in_memory { Health::sound() } else { Health::unknown() };
        let writer =
            writer::start(connection, location, options, Arc::clone(&clock), health.clone())?;
        let readers =
            location.file().map(|path| Readers::open(path, options, &health)).transpose()?;
        Ok(Self { writer, readers, clock })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl Store for SqliteStore {
    fn read(&self, freshness: Freshness, work: Work) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let Some(readers) = &self.readers else {
                return self.writer.read(work).await;
            };
            if freshness == Freshness::WritesAndLogs {
                self.writer.flush().await?;
            }
            readers.read(self.now(), work).await
        })
    }

    fn write(&self, work: Work) -> StoreFuture<'_, ()> {
        Box::pin(self.writer.write(work))
    }

    fn run_within(&self, access: Access, budget: Duration, work: Work) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let Access::Read(freshness) = access else {
                return self.writer.write_within(budget, work).await;
            };
            let Some(readers) = &self.readers else {
                return self.writer.read_within(budget, work).await;
            };
            if freshness == Freshness::WritesAndLogs {
                self.writer.flush().await?;
            }
            readers.read_within(self.now(), budget, work).await
        })
    }

    fn record(&self, entry: LogEntry) -> StoreFuture<'_, ()> {
        Box::pin(self.writer.record(entry))
    }

    fn lost_log_entries(&self) -> u64 {
        self.writer.lost_entries()
    }

    fn ready(&self) -> StoreFuture<'_, ()> {
        Box::pin(async {
            self.writer.ready().await?;
            let work: Work = Box::new(|_| mcp_core::memory::Verdict::Commit);
            match &self.readers {
                Some(readers) => readers.read(self.now(), work).await,
                None => Ok(()),
            }
        })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async {
            if let Some(readers) = &self.readers {
                readers.close().await;
            }
            self.writer.stop().await
        })
    }
}
