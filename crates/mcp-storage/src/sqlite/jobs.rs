//! The writer's queue: bounded, in order.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use mcp_core::domain::LogEntry;
use mcp_core::memory::{StoreError, Work};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Where a job's outcome goes.
pub(crate) type Done = oneshot::Sender<Result<(), StoreError>>;

/// What the writer is asked to do.
pub(crate) enum Job {
    /// Run a work in a savepoint and answer after the commit.
    Write(Work, Done),
    /// Run a work that only reads (a database in memory has no other connection).
    Read(Work, Done),
    /// Store a log entry with the next commit.
    Record(LogEntry),
    /// Answer when everything before is committed.
    Flush(Done),
    /// Commit, let go of the database and end.
    Stop(Done),
}

/// A job and its place in the queue, which is free again when the job is done.
pub(crate) struct Queued {
    pub(crate) job: Job,
    _place: OwnedSemaphorePermit,
}

/// The end of the queue into which jobs are put.
pub(crate) struct Jobs {
    sender: Sender<Queued>,
    places: Arc<Semaphore>,
}

impl Jobs {
    /// A queue of that many places.
    pub(crate) fn queue(places: u32) -> (Self, Receiver<Queued>) {
        let (sender, receiver) = channel();
        let places = Arc::new(Semaphore::new(places as usize));
        (Self { sender, places }, receiver)
    }

    /// Puts a job into the queue if there is room.
    pub(crate) fn try_put(&self, job: Job) -> Result<(), StoreError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| StoreError::Busy)?;
        self.send(job, place)
    }

    /// Puts a job into the queue, after waiting for room.
    pub(crate) async fn put(&self, job: Job) -> Result<(), StoreError> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| StoreError::Busy)?;
        self.send(job, place)
    }

    fn send(&self, job: Job, place: OwnedSemaphorePermit) -> Result<(), StoreError> {
        self.sender.send(Queued { job, _place: place }).map_err(|_| closed())
    }
}

/// What a call after the end is told.
pub(crate) fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".into())
}
