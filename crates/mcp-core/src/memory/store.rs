//! The port that opens transactions.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::domain::LogEntry;
use crate::error::{ActionError, ErrorCode};
use crate::memory::Memory;

/// An error of the storage.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The queue of waiting work is full.
    #[error("the storage is busy")]
    Busy,
    /// The database is locked or cannot be reached.
    #[error("the storage cannot be used now: {0}")]
    Unavailable(String),
    /// The connection broke during a commit, which may have succeeded.
    #[error("the storage went away during a commit: {0}")]
    InDoubt(String),
    /// The disk is full.
    #[error("the storage is full: {0}")]
    Full(String),
    /// The database is read-only.
    #[error("the storage is read-only: {0}")]
    ReadOnly(String),
    /// The stored data is damaged.
    #[error("the storage is damaged: {0}")]
    Damaged(String),
    /// The transaction took too long and was undone.
    #[error("the time of the transaction is used up")]
    OutOfTime,
    /// Another error.
    #[error("the storage failed: {0}")]
    Failed(String),
}

/// The time after which a caller of a busy store should retry.
const BUSY_RETRY: Duration = Duration::from_secs(1);

impl From<StoreError> for ActionError {
    fn from(error: StoreError) -> Self {
        let (code, message, wait) = match &error {
            StoreError::Busy => {
                (ErrorCode::Busy, "The storage is busy; try again", Some(BUSY_RETRY))
            }
            StoreError::Unavailable(_) => (
                ErrorCode::Unavailable,
                "The storage cannot be used now; try again",
                Some(BUSY_RETRY),
            ),
            // Without Retry-After: an automatic retry could write twice.
            StoreError::InDoubt(_) => (
                ErrorCode::Unavailable,
                "The storage went away while the change was being committed: it may be there or not; \
                 look before you try again",
                None,
            ),
            StoreError::Full(_) => {
                (ErrorCode::StorageFull, "The storage is full; nothing was changed", None)
            }
            StoreError::ReadOnly(_) => {
                (ErrorCode::Unavailable, "The storage is read-only; nothing was changed", None)
            }
            StoreError::OutOfTime => (
                ErrorCode::InvalidParams,
                "the transaction takes too long: do less in it. Nothing was changed",
                None,
            ),
            StoreError::Damaged(_) | StoreError::Failed(_) => {
                (ErrorCode::Internal, "Internal Server Error", None)
            }
        };
        let mut answer = Self::new(code, message).caused_by(error);
        answer.retry_after = wait;
        answer
    }
}

/// The end of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Keep the changes.
    Commit,
    /// Undo the changes.
    Rollback,
}

/// The work of one transaction.
pub type Work = Box<dyn FnOnce(&mut dyn Memory) -> Verdict + Send>;

/// A future of a store.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The writes that a read must see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Every write that was answered before.
    Writes,
    /// Also the log entry of every call that was answered before.
    WritesAndLogs,
}

/// The access that a transaction needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read one consistent state of the memory.
    Read(Freshness),
    /// Read and write.
    Write,
}

/// Port: opens transactions. Reads run in parallel, writes one after another.
///
/// Dropping a future abandons its work if the work has not begun. A write that has begun is committed
/// or undone as if its caller waited.
pub trait Store: Send + Sync {
    /// Runs a work that only reads one consistent state of the memory.
    fn read(&self, freshness: Freshness, work: Work) -> StoreFuture<'_, ()>;
    /// Runs a work in a transaction. Completes when its changes are durable.
    fn write(&self, work: Work) -> StoreFuture<'_, ()>;
    /// Runs a long work within a time limit, counted from its start. A long read does not delay other
    /// reads; between two long writes, other waiting writes run. After the limit, reading a list
    /// fails with [`StoreError::OutOfTime`].
    ///
    /// By default, runs the work without a limit.
    fn run_within(&self, access: Access, budget: Duration, work: Work) -> StoreFuture<'_, ()> {
        let _ = budget;
        match access {
            Access::Read(freshness) => self.read(freshness, work),
            Access::Write => self.write(work),
        }
    }
    /// Queues a log entry that belongs to no write. It is stored in the order of the calls, before
    /// every later [`Freshness::WritesAndLogs`] read. An error means that the entry is lost.
    fn record(&self, entry: LogEntry) -> StoreFuture<'_, ()>;
    /// Returns the number of log entries that were lost after [`Store::record`] queued them.
    fn lost_log_entries(&self) -> u64 {
        0
    }
    /// Checks that reads and writes work.
    fn ready(&self) -> StoreFuture<'_, ()>;
    /// Stores queued entries and closes the database. Later calls fail.
    fn close(&self) -> StoreFuture<'_, ()>;
}

/// [`Store`] for works with a result.
pub trait StoreRuns {
    /// Runs [`Store::read`] with a result.
    fn read_for<T: Send + 'static>(
        &self,
        freshness: Freshness,
        work: impl FnOnce(&mut dyn Memory) -> T + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// Runs [`Store::write`] with a result. Commits on `Ok`, rolls back on `Err`.
    fn write_for<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Memory) -> Result<T, E> + Send + 'static,
    ) -> impl Future<Output = Result<T, E>> + Send;

    /// Runs [`Store::run_within`] with a result. Commits on `Ok`, rolls back on `Err`.
    fn run_within_for<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        access: Access,
        budget: Duration,
        work: impl FnOnce(&mut dyn Memory) -> Result<T, E> + Send + 'static,
    ) -> impl Future<Output = Result<T, E>> + Send;
}

/// The place where a work leaves its result.
struct Slot<T>(Arc<Mutex<Option<T>>>);

impl<T> Slot<T> {
    fn new() -> (Self, Self) {
        let shared = Arc::new(Mutex::new(None));
        (Self(Arc::clone(&shared)), Self(shared))
    }

    fn put(&self, value: T) {
        *self.0.lock() = Some(value);
    }

    fn take(&self) -> Result<T, StoreError> {
        self.0
            .lock()
            .take()
            .ok_or_else(|| StoreError::Failed("the work did not run to its end".into()))
    }
}

impl StoreRuns for dyn Store + '_ {
    async fn read_for<T: Send + 'static>(
        &self,
        freshness: Freshness,
        work: impl FnOnce(&mut dyn Memory) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (inside, outside) = Slot::new();
        let work: Work = Box::new(move |memory| {
            inside.put(work(memory));
            Verdict::Commit
        });
        self.read(freshness, work).await?;
        outside.take()
    }

    async fn write_for<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Memory) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (work, outside) = judged(work);
        self.write(work).await?;
        outside.take()?
    }

    async fn run_within_for<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        access: Access,
        budget: Duration,
        work: impl FnOnce(&mut dyn Memory) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (work, outside) = judged(work);
        self.run_within(access, budget, work).await?;
        outside.take()?
    }
}

/// Returns a work that commits on `Ok`, and the place of its result.
fn judged<T: Send + 'static, E: Send + 'static>(
    work: impl FnOnce(&mut dyn Memory) -> Result<T, E> + Send + 'static,
) -> (Work, Slot<Result<T, E>>) {
    let (inside, outside) = Slot::new();
    let work: Work = Box::new(move |memory| {
        let result = work(memory);
        let verdict = if result.is_ok() { Verdict::Commit } else { Verdict::Rollback };
        inside.put(result);
        verdict
    });
    (work, outside)
}
