//! Readers: a few threads with a pool of connections. Each read has a snapshot of its own, so that
//! a failed statement does not affect other reads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel::r2d2::{Error as PoolError, ManageConnection, Pool, PooledConnection, R2D2Connection};
use diesel::result::ConnectionError;
use mcp_core::memory::StoreError;
use parking_lot::Mutex;

use super::connection::Connector;
use super::error::{is_alive, is_conflict, store_error_on};
use super::memory::PostgresMemory;
use super::time_limit::TimeLimit;
use crate::reads::{Read, Reads};
use crate::{OpenError, Options};

type Connections = Pool<Manager>;

/// How long a read waits for a new connection. It is also twice the longest pause of the pool
/// between two attempts to open one, and so bounds how soon a recovered database is noticed.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The number of threads for long reads. They are separate, so that no short read waits for a long
/// one.
const LONG_READERS: u32 = 2;

/// The reader threads.
pub(super) struct Readers {
    pub(super) short: Reads,
    pub(super) long: Reads,
}

impl Readers {
    pub(super) fn close(&self) {
        self.short.close();
        self.long.close();
    }
}

/// Starts the threads. Each has a connection, so that none waits for another.
pub(super) fn open(connector: Connector, options: &Options) -> Result<Readers, OpenError> {
    let shown = connector.url().to_string();
    let failed =
        |error: &dyn std::fmt::Display| OpenError::Failed(shown.clone(), error.to_string());
    let pool = Pool::builder()
        .max_size(options.readers + LONG_READERS)
        // Beginning a transaction reveals a broken connection.
        .test_on_check_out(false)
        .connection_timeout(CONNECT_TIMEOUT)
        .error_handler(Box::new(ConnectFailures))
        .build(Manager { connector })
        .map_err(|error| failed(&error))?;
    let outage = Arc::new(Outage::default());
    let statement_timeout = options.statement_timeout;
    let run = move |reads: Vec<Read>| {
        let wanted = reads.into_iter().filter(Read::has_caller);
        wanted.for_each(|read| run(&pool, &outage, statement_timeout, read));
    };
    let start =
        |name, threads| Reads::start(name, threads, 1, run.clone()).map_err(|error| failed(&error));
    Ok(Readers {
        short: start("postgres-reader", options.readers)?,
        long: start("postgres-long-reader", LONG_READERS)?,
    })
}

/// The last failure to get a connection, and its time. Reads that were requested before it need not
/// wait for the same failure; otherwise the reads of an outage would wait one after another.
#[derive(Default)]
struct Outage(Mutex<Option<(Instant, StoreError)>>);

impl Outage {
    fn record(&self, fault: &StoreError) {
        *self.0.lock() = Some((Instant::now(), fault.clone()));
    }

    fn since(&self, requested: Instant) -> Option<StoreError> {
        let last = self.0.lock();
        last.as_ref().filter(|(at, _)| *at > requested).map(|(_, fault)| fault.clone())
    }
}

/// Runs a read on a consistent snapshot, which is not older than the read.
fn run(pool: &Connections, outage: &Outage, statement_timeout: Duration, read: Read) {
    if let Some(fault) = outage.since(read.requested()) {
        return read.reject(&fault);
    }
    let mut reader = match begin(pool, outage) {
        Ok(reader) => reader,
        Err(fault) => return read.reject(&fault),
    };
    let now = read.now();
    let limit = read.until().map(|until| TimeLimit::new(until, statement_timeout));
    let (sender, outcome) = read.run(&mut PostgresMemory::reading(&mut reader, now).within(limit));
    // If the connection is broken, the outcome of the work does not count.
    let ended = AnsiTransactionManager::commit_transaction(&mut *reader)
        .map_err(|error| store_error_on(&mut reader, error));
    // Before the caller continues: it may read again at once.
    drop(reader);
    // The caller may be gone.
    let _ = sender.send(ended.and(outcome));
}

/// Begins a transaction on a connection of the pool. Discards connections that have broken since
/// their last use: no work has run on them.
fn begin(pool: &Connections, outage: &Outage) -> Result<PooledConnection<Manager>, StoreError> {
    let mut attempts_left = pool.max_size() + 1;
    loop {
        let mut reader = pool.get().map_err(|error| {
            let fault = StoreError::Unavailable(error.to_string());
            outage.record(&fault);
            fault
        })?;
        attempts_left -= 1;
        let begun = AnsiTransactionManager::begin_transaction_sql(
            &mut *reader,
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        );
        match begun {
            Ok(()) => return Ok(reader),
            Err(error) => {
                let died = !is_alive(&mut reader);
                if attempts_left == 0 || !(died || is_conflict(&error)) {
                    return Err(store_error_on(&mut reader, error));
                }
            }
        }
    }
}

/// Opens the pool's connections.
struct Manager {
    connector: Connector,
}

impl ManageConnection for Manager {
    type Connection = PgConnection;
    type Error = PoolError;

    fn connect(&self) -> Result<PgConnection, PoolError> {
        self.connector
            .connect()
            .map_err(|line| PoolError::ConnectionError(ConnectionError::BadConnection(line)))
    }

    fn is_valid(&self, connection: &mut PgConnection) -> Result<(), PoolError> {
        connection.ping().map_err(PoolError::QueryError)
    }

    fn has_broken(&self, connection: &mut PgConnection) -> bool {
        connection.is_broken()
    }
}

/// Logs why the pool has no connection. The pool keeps trying.
#[derive(Debug)]
struct ConnectFailures;

impl diesel::r2d2::HandleError<PoolError> for ConnectFailures {
    fn handle_error(&self, error: PoolError) {
        log::warn!("cannot connect to PostgreSQL: {error}");
    }
}
