//! Readers: a few threads. Each runs the waiting reads on one snapshot (WAL). Thus no read
//! waits for the writer, and many share the cost of a transaction. The connections are an r2d2
//! pool. Callers wait without a thread.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use diesel::prelude::*;
use diesel::r2d2::{Error as PoolError, ManageConnection, Pool};
use mcp_core::Timestamp;
use mcp_core::memory::{StoreError, Work};
use tokio::sync::watch;
use tokio::time::timeout;

use super::derived::{Health, verify};
use super::error::{classified, store_error};
use super::memory::SqliteMemory;
use super::{OpenError, connection, transaction};
use crate::Options;
use crate::reads::{Read, Reads};

type Connections = Pool<Manager>;

/// The timeout for opening a connection, and for closing all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum number of reads per snapshot. It bounds the wait after a slow read.
const MAX_AT_ONCE: usize = 16;

/// The number of threads for long reads. They are separate, so that no short read waits for a long one.
const LONG_READERS: u32 = 2;

pub(super) struct Readers {
    reads: Reads,
    long_reads: Reads,
    /// The number of open connections.
    open: Arc<watch::Sender<usize>>,
}

impl Readers {
    /// Opens the connections, and starts a check of the derived data.
    pub(super) fn open(path: &Path, options: &Options, health: &Health) -> Result<Self, OpenError> {
        let failed = |error: &dyn std::fmt::Display| {
            OpenError::Failed(path.display().to_string(), error.to_string())
        };
        let open = Arc::new(watch::Sender::new(0));
        let manager = Manager { name: connection::file_name(path), open: Arc::clone(&open) };
        let mut reader = manager.connect().map_err(|error| failed(&error))?;
        let checked = health.clone();
        thread::Builder::new()
            .name("sqlite-verifier".into())
            .spawn(move || verify(&mut reader.connection, &checked))
            .map_err(|error| failed(&error))?;
        let pool = Pool::builder()
            .max_size(options.readers + LONG_READERS)
            // All connections are opened now and kept, so that none is opened after a close.
            .min_idle(None)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_on_check_out(false)
            .connection_timeout(CONNECT_TIMEOUT)
            .build(manager)
            .map_err(|error| failed(&error))?;
        let retention = options.log_retention;
        let start = |name, threads, most_at_once| {
            let (pool, health) = (pool.clone(), health.clone());
            let run = move |reads| run(&pool, retention, &health, reads);
            Reads::start(name, threads, most_at_once, run).map_err(|error| failed(&error))
        };
        let reads = start("sqlite-reader", options.readers, MAX_AT_ONCE)?;
        let long_reads = start("sqlite-long-reader", LONG_READERS, 1)?;
        Ok(Self { reads, long_reads, open })
    }

    /// Runs a work on a consistent snapshot, which is not older than this call.
    pub(super) async fn read(&self, now: Timestamp, work: Work) -> Result<(), StoreError> {
        self.reads.read(now, work).await
    }

    /// Runs a work that may take up to `budget`.
    pub(super) async fn read_within(
        &self,
        now: Timestamp,
        budget: Duration,
        work: Work,
    ) -> Result<(), StoreError> {
        self.long_reads.read_within(now, Some(budget), work).await
    }

    /// Waits for the running reads and closes the connections. The last connection to a database
    /// removes its log; that should be the writer's.
    pub(super) async fn close(&self) {
        self.reads.close();
        self.long_reads.close();
        let mut open = self.open.subscribe();
        let _ = timeout(CONNECT_TIMEOUT, open.wait_for(|open| *open == 0)).await;
    }
}

/// Runs reads on one snapshot, and sends each outcome.
fn run(pool: &Connections, retention: u32, health: &Health, reads: Vec<Read>) {
    let reject = |reads: Vec<Read>, fault| reads.into_iter().for_each(|read| read.reject(&fault));
    let mut reader = match pool.get() {
        Ok(reader) => reader,
        Err(error) => {
            let message = error.to_string();
            let fault = classified(&message).unwrap_or(StoreError::Unavailable(message));
            return reject(reads, fault);
        }
    };
    let connection = &mut reader.connection;
    if let Err(error) = transaction::begin_reading(connection) {
        return reject(reads, store_error(error));
    }
    for read in reads.into_iter().filter(Read::has_caller) {
        let now = read.now();
        let mut memory = SqliteMemory::new(connection, now, retention, health).until(read.until());
        let (sender, outcome) = read.run(&mut memory);
        // The caller may be gone.
        let _ = sender.send(outcome);
    }
    transaction::rollback(connection);
}

/// Opens the pool's connections, and counts them.
struct Manager {
    name: String,
    open: Arc<watch::Sender<usize>>,
}

/// A connection that is counted while it is open.
struct Reader {
    connection: SqliteConnection,
    // After the connection, because fields are dropped in order.
    _guard: OpenGuard,
}

struct OpenGuard(Arc<watch::Sender<usize>>);

impl OpenGuard {
    fn new(open: &Arc<watch::Sender<usize>>) -> Self {
        open.send_modify(|open| *open += 1);
        Self(Arc::clone(open))
    }
}

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

impl ManageConnection for Manager {
    type Connection = Reader;
    type Error = PoolError;

    fn connect(&self) -> Result<Reader, PoolError> {
        let guard = OpenGuard::new(&self.open);
        let mut connection =
            SqliteConnection::establish(&self.name).map_err(PoolError::ConnectionError)?;
        connection::prepare_reader(&mut connection).map_err(PoolError::QueryError)?;
        Ok(Reader { connection, _guard: guard })
    }

    fn is_valid(&self, _: &mut Reader) -> Result<(), PoolError> {
        Ok(())
    }

    fn has_broken(&self, _: &mut Reader) -> bool {
        false
    }
}
