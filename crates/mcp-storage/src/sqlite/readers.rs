//! Readers: a few threads, each of which takes the reads that are waiting and runs them on one
//! snapshot (WAL), so that no read waits for the writer and many share the cost of a transaction.
//! Their connections are an r2d2 pool. Who asks waits without a thread.

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

/// How long opening a connection may take, and closing all.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// How many reads share a snapshot at most: what comes behind a long one is bounded.
const MOST_AT_ONCE: usize = 16;

/// How many long reads run at once at most. They have threads of their own, so that no short read
/// waits for one.
const LONG_READERS: u32 = 2;

pub(super) struct Readers {
    reads: Reads,
    long_reads: Reads,
    /// How many connections are open.
    open: Arc<watch::Sender<usize>>,
}

impl Readers {
    /// Opens the connections, and has somebody look at the derived data.
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
            // All are opened now and kept: none is opened behind a close.
            .min_idle(None)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_on_check_out(false)
            .connection_timeout(CONNECT_WAIT)
            .build(manager)
            .map_err(|error| failed(&error))?;
        let retention = options.log_retention;
        let start = |name, threads, most_at_once| {
            let (pool, health) = (pool.clone(), health.clone());
            let run = move |reads| run(&pool, retention, &health, reads);
            Reads::start(name, threads, most_at_once, run).map_err(|error| failed(&error))
        };
        let reads = start("sqlite-reader", options.readers, MOST_AT_ONCE)?;
        let long_reads = start("sqlite-long-reader", LONG_READERS, 1)?;
        Ok(Self { reads, long_reads, open })
    }

    /// Runs a work on one consistent state of the database, which is not older than this call.
    pub(super) async fn read(&self, now: Timestamp, work: Work) -> Result<(), StoreError> {
        self.reads.read(now, work).await
    }

    /// The same with a work that may take up to `budget`.
    pub(super) async fn read_within(
        &self,
        now: Timestamp,
        budget: Duration,
        work: Work,
    ) -> Result<(), StoreError> {
        self.long_reads.read_within(now, Some(budget), work).await
    }

    /// Waits for the reads under way and closes the connections. The last connection to a
    /// database takes its log's files away, which should be the writer's.
    pub(super) async fn close(&self) {
        self.reads.close();
        self.long_reads.close();
        let mut open = self.open.subscribe();
        let _ = timeout(CONNECT_WAIT, open.wait_for(|open| *open == 0)).await;
    }
}

/// Runs reads on one snapshot and answers each.
fn run(pool: &Connections, retention: u32, health: &Health, reads: Vec<Read>) {
    let refuse = |reads: Vec<Read>, fault| reads.into_iter().for_each(|read| read.refuse(&fault));
    let mut reader = match pool.get() {
        Ok(reader) => reader,
        Err(error) => {
            let message = error.to_string();
            let fault = classified(&message).unwrap_or(StoreError::Unavailable(message));
            return refuse(reads, fault);
        }
    };
    let connection = &mut reader.connection;
    if let Err(error) = transaction::begin_reading(connection) {
        return refuse(reads, store_error(error));
    }
    for read in reads.into_iter().filter(Read::is_wanted) {
        let now = read.now();
        let mut memory = SqliteMemory::new(connection, now, retention, health).until(read.until());
        let (done, answer) = read.run(&mut memory);
        // Who has gone away needs no answer.
        let _ = done.send(answer);
    }
    transaction::rollback(connection);
}

/// Opens connections for the pool, and knows how many are open.
struct Manager {
    name: String,
    open: Arc<watch::Sender<usize>>,
}

/// A connection that is counted until it is closed.
struct Reader {
    connection: SqliteConnection,
    // Behind the connection: fields are dropped in order.
    _counted: Counted,
}

struct Counted(Arc<watch::Sender<usize>>);

impl Counted {
    fn new(open: &Arc<watch::Sender<usize>>) -> Self {
        open.send_modify(|open| *open += 1);
        Self(Arc::clone(open))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

impl ManageConnection for Manager {
    type Connection = Reader;
    type Error = PoolError;

    fn connect(&self) -> Result<Reader, PoolError> {
        let counted = Counted::new(&self.open);
        let mut connection =
            SqliteConnection::establish(&self.name).map_err(PoolError::ConnectionError)?;
        connection::prepare_reader(&mut connection).map_err(PoolError::QueryError)?;
        Ok(Reader { connection, _counted: counted })
    }

    fn is_valid(&self, _: &mut Reader) -> Result<(), PoolError> {
        Ok(())
    }

    fn has_broken(&self, _: &mut Reader) -> bool {
        false
    }
}
