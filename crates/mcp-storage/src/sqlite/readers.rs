//! Readers: a few threads, each of which takes the reads that are waiting and runs them on one
//! snapshot (WAL), so that no read waits for the writer and many share the cost of a transaction.
//! Their connections are an r2d2 pool. Who asks waits without a thread.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use diesel::prelude::*;
use diesel::r2d2::{Error as PoolError, ManageConnection, Pool};
use mcp_core::Timestamp;
use mcp_core::memory::{StoreError, Work};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::timeout;

use super::error::{classified, store_error};
use super::jobs::{Done, closed};
use super::memory::SqliteMemory;
use super::{OpenError, connection, transaction};
use crate::Options;

type Connections = Pool<Manager>;

/// How long opening a connection may take, and closing all.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// How many reads share a snapshot at most: what comes behind a long one is bounded.
const MOST_AT_ONCE: usize = 16;
/// How many reads may wait. Who comes then waits for a place, which costs no thread either.
const PLACES: usize = 1024;

pub(super) struct Readers {
    waiting: Arc<Waiting>,
    places: Semaphore,
    /// How many connections are open.
    open: Arc<watch::Sender<usize>>,
}

/// The reads that no thread has taken yet.
#[derive(Default)]
struct Waiting {
    reads: Mutex<Reads>,
    called: Condvar,
}

#[derive(Default)]
struct Reads {
    queue: VecDeque<Read>,
    /// How many threads sleep and were not called.
    idle: usize,
    /// How many were called and have not woken up yet.
    called: usize,
    closed: bool,
}

struct Read {
    now: Timestamp,
    work: Work,
    done: Done,
}

impl Readers {
    pub(super) fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        let failed = |error: &dyn std::fmt::Display| {
            OpenError::Failed(path.display().to_string(), error.to_string())
        };
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
            .map_err(|error| failed(&error))?;
        let waiting = Arc::new(Waiting::default());
        for _ in 0..options.readers {
            let (waiting, pool) = (Arc::clone(&waiting), pool.clone());
            thread::Builder::new()
                .name("sqlite-reader".into())
                .spawn(move || waiting.serve(&pool))
                .map_err(|error| failed(&error))?;
        }
        Ok(Self { waiting, places: Semaphore::new(PLACES), open })
    }

    /// Runs a work on one consistent state of the database, which is not older than this call.
    pub(super) async fn read(&self, now: Timestamp, work: Work) -> Result<(), StoreError> {
        let _place = self.places.acquire().await.map_err(|_| closed())?;
        let (done, outcome) = oneshot::channel();
        self.waiting.put(Read { now, work, done })?;
        outcome.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Waits for the reads under way and closes the connections. The last connection to a
    /// database takes its log's files away, which should be the writer's.
    pub(super) async fn close(&self) {
        self.waiting.close();
        let mut open = self.open.subscribe();
        let _ = timeout(CONNECT_WAIT, open.wait_for(|open| *open == 0)).await;
    }
}

impl Drop for Readers {
    /// A store that is dropped without being closed leaves no threads behind.
    fn drop(&mut self) {
        self.waiting.close();
    }
}

impl Waiting {
    fn put(&self, read: Read) -> Result<(), StoreError> {
        let mut reads = self.lock();
        if reads.closed {
            return Err(closed());
        }
        reads.queue.push_back(read);
        if reads.idle > 0 {
            reads.idle -= 1;
            reads.called += 1;
            self.called.notify_one();
        }
        Ok(())
    }

    /// Takes no more reads; those that are waiting are still done.
    fn close(&self) {
        self.lock().closed = true;
        self.called.notify_all();
    }

    /// A thread's life.
    fn serve(&self, pool: &Connections) {
        while let Some(reads) = self.take() {
            run(pool, reads);
        }
    }

    /// The reads to run next, waiting for some; `None` at the end.
    fn take(&self) -> Option<Vec<Read>> {
        let mut reads = self.lock();
        loop {
            if !reads.queue.is_empty() {
                let share = reads.queue.len().div_ceil(reads.idle + 1).min(MOST_AT_ONCE);
                return Some(reads.queue.drain(..share).collect());
            }
            if reads.closed {
                return None;
            }
            reads.idle += 1;
            let sleeps = |reads: &mut Reads| reads.called == 0 && !reads.closed;
            let woken = self.called.wait_while(reads, sleeps);
            reads = woken.unwrap_or_else(PoisonError::into_inner);
            reads.called = reads.called.saturating_sub(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Reads> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs reads on one snapshot and answers each.
fn run(pool: &Connections, reads: Vec<Read>) {
    let mut reader = match pool.get() {
        Ok(reader) => reader,
        Err(error) => {
            let message = error.to_string();
            let fault = classified(&message).unwrap_or(StoreError::Unavailable(message));
            return refuse(reads, &fault);
        }
    };
    let connection = &mut reader.connection;
    if let Err(error) = transaction::begin_reading(connection) {
        return refuse(reads, &store_error(error));
    }
    for Read { now, work, done } in reads {
        let mut memory = SqliteMemory::new(connection, now);
        let ran = catch_unwind(AssertUnwindSafe(|| work(&mut memory)));
        let answer = ran.map(|_| ()).map_err(|_| StoreError::Failed("the work panicked".into()));
        // Who has gone away needs no answer.
        let _ = done.send(answer);
    }
    transaction::rollback(connection);
}

fn refuse(reads: Vec<Read>, fault: &StoreError) {
    for Read { done, .. } in reads {
        let _ = done.send(Err(fault.clone()));
    }
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
