//! Readers: a few threads with a pool of connections. Each read has a snapshot of its own, so that a
//! statement that fails is no other read's business.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel::r2d2::{Error as PoolError, ManageConnection, Pool, PooledConnection, R2D2Connection};
use diesel::result::ConnectionError;
use mcp_core::memory::StoreError;

use super::connection::Connector;
use super::error::{is_alive, is_conflict, store_error_on};
use super::memory::PostgresMemory;
use super::time_limit::TimeLimit;
use crate::reads::{Read, Reads};
use crate::{OpenError, Options};

type Connections = Pool<Manager>;

/// How long a read waits for a new connection. Also twice the longest pause between two tries of the
/// pool to open one, so it bounds how soon a database that is back is found.
const CONNECT_WAIT: Duration = Duration::from_secs(3);

/// How many long reads run at once at most. They have threads of their own, so that no short read
/// waits for one.
const LONG_READERS: u32 = 2;

/// The threads that read.
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

/// Starts the threads. There is a connection for each: none waits for another's.
pub(super) fn open(connector: Connector, options: &Options) -> Result<Readers, OpenError> {
    let shown = connector.url().to_string();
    let failed =
        |error: &dyn std::fmt::Display| OpenError::Failed(shown.clone(), error.to_string());
    let pool = Pool::builder()
        .max_size(options.readers + LONG_READERS)
        // A dead one is found when a transaction is begun on it.
        .test_on_check_out(false)
        .connection_timeout(CONNECT_WAIT)
        .error_handler(Box::new(ConnectFailures))
        .build(Manager { connector })
        .map_err(|error| failed(&error))?;
    let away = Arc::new(Away::default());
    let statement_timeout = options.statement_timeout;
    let run = move |reads: Vec<Read>| {
        let wanted = reads.into_iter().filter(Read::is_wanted);
        wanted.for_each(|read| run(&pool, &away, statement_timeout, read));
    };
    let start =
        |name, threads| Reads::start(name, threads, 1, run.clone()).map_err(|error| failed(&error));
    Ok(Readers {
        short: start("postgres-reader", options.readers)?,
        long: start("postgres-long-reader", LONG_READERS)?,
    })
}

/// That there was no connection, and when that was last found out. Who asked before need not wait for
/// the same: otherwise reads that came during an outage would wait one behind the other.
#[derive(Default)]
struct Away(Mutex<Option<(Instant, StoreError)>>);

impl Away {
    fn found(&self, fault: &StoreError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), fault.clone()));
    }

    fn since(&self, asked_at: Instant) -> Option<StoreError> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.as_ref().filter(|(at, _)| *at > asked_at).map(|(_, fault)| fault.clone())
    }
}

/// Runs a read on one consistent state of the database, which is not older than the read.
fn run(pool: &Connections, away: &Away, statement_timeout: Duration, read: Read) {
    if let Some(fault) = away.since(read.asked_at()) {
        return read.refuse(&fault);
    }
    let mut reader = match begin(pool, away) {
        Ok(reader) => reader,
        Err(fault) => return read.refuse(&fault),
    };
    let now = read.now();
    let limit = read.until().map(|until| TimeLimit::new(until, statement_timeout));
    let (done, answer) = read.run(&mut PostgresMemory::reading(&mut reader, now).within(limit));
    // What the work answered was read before this; it is nothing when the connection has died.
    let ended = AnsiTransactionManager::commit_transaction(&mut *reader)
        .map_err(|error| store_error_on(&mut reader, error));
    // Before the caller knows: it may ask again at once.
    drop(reader);
    // Who has gone away needs no answer.
    let _ = done.send(ended.and(answer));
}

/// A connection with a transaction that has been begun. Connections that have died since they were
/// used last are thrown away: no work has run on them.
fn begin(pool: &Connections, away: &Away) -> Result<PooledConnection<Manager>, StoreError> {
    let mut tries_left = pool.max_size() + 1;
    loop {
        let mut reader = pool.get().map_err(|error| {
            let fault = StoreError::Unavailable(error.to_string());
            away.found(&fault);
            fault
        })?;
        tries_left -= 1;
        let begun = AnsiTransactionManager::begin_transaction_sql(
            &mut *reader,
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        );
        match begun {
            Ok(()) => return Ok(reader),
            Err(error) => {
                let died = !is_alive(&mut reader);
                if tries_left == 0 || !(died || is_conflict(&error)) {
                    return Err(store_error_on(&mut reader, error));
                }
            }
        }
    }
}

/// Opens connections for the pool.
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

/// Tells the log why the pool has no connection. It goes on trying.
#[derive(Debug)]
struct ConnectFailures;

impl diesel::r2d2::HandleError<PoolError> for ConnectFailures {
    fn handle_error(&self, error: PoolError) {
        log::warn!("no connection to PostgreSQL: {error}");
    }
}
