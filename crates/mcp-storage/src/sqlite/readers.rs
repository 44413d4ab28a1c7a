//! Readers: a small pool of connections, each reading from a snapshot of its own (WAL), so that
//! no read waits for the writer.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Error as PoolError, Pool};
use diesel::result::Error;
use mcp_core::Timestamp;
use mcp_core::memory::{StoreError, Work};
use tokio::sync::Semaphore;

use super::error::{classified, store_error};
use super::jobs::closed;
use super::memory::SqliteMemory;
use super::{OpenError, connection};
use crate::Options;

type Connections = Pool<ConnectionManager<SqliteConnection>>;

/// How long opening a connection may take.
const CONNECT_WAIT: Duration = Duration::from_secs(5);

pub(super) struct Readers {
    pool: Mutex<Option<Connections>>,
    /// One for each connection: who holds one never waits on a thread for the pool.
    turns: Arc<Semaphore>,
    size: u32,
}

impl Readers {
    pub(super) fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        let pool = Pool::builder()
            .max_size(options.readers)
            // All are opened now and kept: none is opened behind a close, which would leave the
            // log's files beside the database.
            .min_idle(None)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_on_check_out(false)
            .connection_timeout(CONNECT_WAIT)
            .connection_customizer(Box::new(Customizer))
            .build(ConnectionManager::new(connection::file_name(path)))
            .map_err(|error| OpenError::Failed(path.display().to_string(), error.to_string()))?;
        let turns = Arc::new(Semaphore::new(options.readers as usize));
        Ok(Self { pool: Mutex::new(Some(pool)), turns, size: options.readers })
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
    let mut connection = pool.get().map_err(|error| {
        let message = error.to_string();
        classified(&message).unwrap_or(StoreError::Unavailable(message))
    })?;
    connection
        .transaction::<_, Error, _>(|connection| {
            work(&mut SqliteMemory::new(connection, now));
            Ok(())
        })
        .map_err(store_error)
}

#[derive(Debug)]
struct Customizer;

impl CustomizeConnection<SqliteConnection, PoolError> for Customizer {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), PoolError> {
        connection::prepare_reader(connection).map_err(PoolError::QueryError)
    }
}
