//! PostgreSQL: one writer per server, which commits for many callers, readers with snapshots of
//! their own, and any number of servers on one database.
//!
//! Invariant: every writer first locks the row of [`counters`]. Thus the writes of all servers are
//! serialized, as with SQLite's one writer, and get consecutive ids.
//!
//! Invariant: a write is answered after its commit is durable.

mod address;
mod batch;
mod connection;
mod counters;
mod error;
mod insert;
mod memory;
mod migrate;
mod pending;
mod readers;
mod schema;
mod search;
mod session;
mod text;
mod time_limit;
mod write_transaction;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use mcp_core::Clock;
use mcp_core::domain::LogEntry;
use mcp_core::memory::{Access, Freshness, Store, StoreError, StoreFuture, Verdict, Work};

use tokio::time::timeout;

use crate::writer::Writer;
use crate::{OpenError, Options};
pub use address::PostgresUrl;
use connection::Connector;
use readers::Readers;
use session::Session;
use write_transaction::WriteTransaction;

/// An open PostgreSQL database.
pub(crate) struct PostgresStore {
    writer: Writer,
    readers: Readers,
    clock: Arc<dyn Clock>,
    /// The timeout of a response. The database itself ends longer statements, unless it hangs.
    response_timeout: Duration,
}

/// The timeout for the end of the writer.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(4);

impl PostgresStore {
    /// Connects, creates or migrates the tables, and starts the writer.
    pub(crate) fn open(
        url: &PostgresUrl,
        options: &Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let failed =
            |error: &dyn std::fmt::Display| OpenError::Failed(url.to_string(), error.to_string());
        let connector = Connector::new(url, options.statement_timeout);
        let mut connection = connector.connect().map_err(|error| failed(&error))?;
        migrate::run(&mut connection, url)?;
        search::index(&mut connection).map_err(|error| failed(&error))?;
        let mut session = Session::new(connector.clone(), connection);
        trim(&mut session, options.log_retention).map_err(|error| failed(&error))?;
        let readers = readers::open(connector, options)?;
        let writer = writer::start(session, options, Arc::clone(&clock))?;
        // A work consists of a few statements, and may wait for those of another.
        let response_timeout = 2 * options.statement_timeout + Duration::from_secs(5);
        Ok(Self { writer, readers, clock, response_timeout })
    }

    async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
        late: fn(String) -> StoreError,
    ) -> Result<T, StoreError> {
        timeout(self.response_timeout, work).await.unwrap_or_else(|_| {
            let seconds = self.response_timeout.as_secs();
            Err(late(format!("PostgreSQL has not answered for {seconds} s")))
        })
    }
}

/// Removes the log entries beyond the retention, a limited number per transaction, so that other
/// servers can write meanwhile. The first transaction also shows that writing works.
fn trim(session: &mut Session, retention: u32) -> Result<(), StoreError> {
    let mut has_more = true;
    while has_more {
        let (connection, counters) = session.begin()?;
        has_more = WriteTransaction::new(counters)
            .finish(connection, retention)
            .map_err(error::store_error)?;
        session::commit(connection)?;
    }
    Ok(())
}

impl Store for PostgresStore {
    fn read(&self, freshness: Freshness, work: Work) -> StoreFuture<'_, ()> {
        let read = async move {
            if freshness == Freshness::WritesAndLogs {
                self.writer.flush().await?;
            }
            self.readers.short.read(self.clock.now(), work).await
        };
        Box::pin(self.within(read, StoreError::Unavailable))
    }

    fn write(&self, work: Work) -> StoreFuture<'_, ()> {
        // At the timeout, the write may have begun, and may still commit.
        Box::pin(self.within(self.writer.write(work), StoreError::InDoubt))
    }

    fn run_within(&self, access: Access, budget: Duration, work: Work) -> StoreFuture<'_, ()> {
        let Access::Read(freshness) = access else {
            let write = self.writer.write_within(budget, work);
            return Box::pin(self.within(write, StoreError::InDoubt));
        };
        let read = async move {
            if freshness == Freshness::WritesAndLogs {
                self.writer.flush().await?;
            }
            self.readers.long.read_within(self.clock.now(), Some(budget), work).await
        };
        Box::pin(self.within(read, StoreError::Unavailable))
    }

    fn record(&self, entry: LogEntry) -> StoreFuture<'_, ()> {
        // After the timeout, the entry still waits for its commit.
        let record = timeout(self.response_timeout, self.writer.record(entry));
        Box::pin(async { record.await.unwrap_or(Ok(())) })
    }

    fn lost_log_entries(&self) -> u64 {
        self.writer.lost_entries()
    }

    fn ready(&self) -> StoreFuture<'_, ()> {
        Box::pin(async {
            self.writer.ready().await?;
            self.readers.short.read(self.clock.now(), Box::new(|_| Verdict::Commit)).await
        })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async {
            self.readers.close();
            timeout(CLOSE_TIMEOUT, self.writer.stop()).await.unwrap_or_else(|_| {
                Err(StoreError::Unavailable("PostgreSQL does not answer".into()))
            })
        })
    }
}
