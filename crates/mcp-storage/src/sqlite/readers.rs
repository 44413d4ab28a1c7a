//! Readers: a small pool of connections, each reading from a snapshot of its own (WAL), so that
//! no read waits for the writer.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::prelude::*;
use diesel::r2d2::{Error as PoolError, ManageConnection, Pool};
use diesel::result::Error;
use mcp_core::Timestamp;
use mcp_core::memory::{StoreError, Work};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::error::{classified, store_error};
use super::jobs::closed;
use super::memory::SqliteMemory;
use super::{OpenError, connection};
use crate::Options;

type Connections = Pool<Manager>;

/// How long opening a connection may take, and closing all.
const CONNECT_WAIT: Duration = Duration::from_secs(5);

pub(super) struct Readers {
    pool: Mutex<Option<Connections>>,
    /// One for each connection: who holds one never waits on a thread for the pool.
    turns: Arc<Semaphore>,
    size: u32,
    /// How many connections are open.
    open: Arc<watch::Sender<usize>>,
}

impl Readers {
    pub(super) fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        let open = Arc::new(watch::Sender::new(0));
        let manager = Manager { name: connection::file_name(path), open: Arc::clone(&open) };
        let pool = Pool::builder()
            .max_size(options.readers)
            // All are opened now and kept: none is opened behind a close.
            .min_idle(None)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_on_check_out(false)
            .connection_timeout(CONNECT_WAIT)
            .build(manager)
            .map_err(|error| OpenError::Failed(path.display().to_string(), error.to_string()))?;
        let turns = Arc::new(Semaphore::new(options.readers as usize));
        Ok(Self { pool: Mutex::new(Some(pool)), turns, size: options.readers, open })
    }

    /// Runs a work on one consistent state of the database, on a thread where it may block.
    pub(super) async fn read(&self, now: Timestamp, work: Work) -> Result<(), StoreError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| closed())?;
        let pool = self.lock().clone().ok_or_else(closed)?;
        let outcome = tokio::task::spawn_blocking(move || {
            let outcome = run(&pool, now, work);
            // In this order, also when the caller has gone away: who has all the turns closes the
            // pool, and nobody else may hold it then.
            drop(pool);
            drop(turn);
            outcome
        });
        outcome.await.map_err(|_| StoreError::Failed("the work panicked".into()))?
    }

    /// Waits for the reads under way and closes the connections. The last connection to a
    /// database takes its log's files away, which should be the writer's.
    pub(super) async fn close(&self) {
        let all = self.turns.acquire_many(self.size).await;
        self.lock().take();
        self.turns.close();
        drop(all);
        // The pool has threads of its own, which may still be letting go of it.
        let mut open = self.open.subscribe();
        let _ = timeout(CONNECT_WAIT, open.wait_for(|open| *open == 0)).await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Connections>> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(pool: &Connections, now: Timestamp, work: Work) -> Result<(), StoreError> {
    let mut reader = pool.get().map_err(|error| {
        let message = error.to_string();
        classified(&message).unwrap_or(StoreError::Unavailable(message))
    })?;
    reader
        .connection
        .transaction::<_, Error, _>(|connection| {
            work(&mut SqliteMemory::new(connection, now));
            Ok(())
        })
        .map_err(store_error)
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
