//! Readers: a pool of connections, each reading from a snapshot of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel::r2d2::{Error as PoolError, ManageConnection, Pool, PooledConnection, R2D2Connection};
use diesel::result::ConnectionError;
use mcp_core::Timestamp;
use mcp_core::memory::{StoreError, Work};
use tokio::sync::Semaphore;

use super::connection::Connector;
use super::error::{is_alive, is_conflict, store_error_on};
use super::memory::PostgresMemory;
use crate::sqlite::jobs::closed;
use crate::{OpenError, Options};

type Connections = Pool<Manager>;

/// How long a read waits for a new connection. Also twice the longest pause between two tries of the
/// pool to open one, so it bounds how soon a database that is back is found.
const CONNECT_WAIT: Duration = Duration::from_secs(3);

pub(super) struct Readers {
    pool: Mutex<Option<Connections>>,
    /// One for each connection: who holds one never waits on a thread for another reader.
    turns: Arc<Semaphore>,
    size: u32,
}

impl Readers {
    pub(super) fn open(connector: Connector, options: &Options) -> Result<Self, OpenError> {
        let shown = connector.url().to_string();
        let pool = Pool::builder()
            .max_size(options.readers)
            // A dead one is found when a transaction is begun on it.
            .test_on_check_out(false)
            .connection_timeout(CONNECT_WAIT)
            .error_handler(Box::new(ConnectFailures))
            .build(Manager { connector })
            .map_err(|error| OpenError::Failed(shown, error.to_string()))?;
        let turns = Arc::new(Semaphore::new(options.readers as usize));
        Ok(Self { pool: Mutex::new(Some(pool)), turns, size: options.readers })
    }

    /// Runs a work on one consistent state of the database, on a thread where it may block.
    pub(super) async fn read(&self, now: Timestamp, work: Work) -> Result<(), StoreError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| closed())?;
        let pool = self.lock().clone().ok_or_else(closed)?;
        let outcome = tokio::task::spawn_blocking(move || {
            let outcome = run(&pool, now, work);
            drop(turn);
            outcome
        });
        outcome.await.map_err(|_| StoreError::Failed("the work panicked".into()))?
    }

    /// Waits for the reads under way and closes the connections.
    pub(super) async fn close(&self) {
        let all = self.turns.acquire_many(self.size).await;
        self.lock().take();
        self.turns.close();
        drop(all);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Connections>> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(pool: &Connections, now: Timestamp, work: Work) -> Result<(), StoreError> {
    let mut reader = begin(pool)?;
    work(&mut PostgresMemory::reading(&mut reader, now));
    // What the work answered was read before this; it is nothing when the connection has died.
    AnsiTransactionManager::commit_transaction(&mut *reader)
        .map_err(|error| store_error_on(&mut reader, error))
}

/// A connection with a transaction that has been begun. Connections that have died since they were
/// used last are thrown away: no work has run on them.
fn begin(pool: &Connections) -> Result<PooledConnection<Manager>, StoreError> {
    let mut tries_left = pool.max_size() + 1;
    loop {
        let mut reader = pool.get().map_err(|error| StoreError::Unavailable(error.to_string()))?;
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
        // After a panic of a work a transaction is still open.
        std::thread::panicking() || connection.is_broken()
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
