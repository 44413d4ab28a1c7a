//! The port that opens transactions.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::LogEntry;
use crate::error::{ActionError, ErrorCode};
use crate::memory::Memory;

/// Why storage did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// More work is waiting than the store takes.
    #[error("the storage is busy")]
    Busy,
    /// Somebody else holds the database, or it cannot be reached.
    #[error("the storage cannot be used now: {0}")]
    Unavailable(String),
    /// It went away during a commit: what was written may be there or not.
    #[error("the storage went away during a commit: {0}")]
    InDoubt(String),
    /// There is no room left.
    #[error("the storage is full: {0}")]
    Full(String),
    /// It must not be written.
    #[error("the storage is read-only: {0}")]
    ReadOnly(String),
    /// The data cannot be what was stored.
    #[error("the storage is damaged: {0}")]
    Damaged(String),
    /// The time of the transaction is used up; everything in it is undone.
    #[error("the time of the transaction is used up")]
    OutOfTime,
    /// Anything else.
    #[error("the storage failed: {0}")]
    Failed(String),
}

/// After how long a caller that met a busy store should try again.
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
            // Without a time: a program that tries again by itself could do it twice.
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

/// Whether what a work did to the memory is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Keep it.
    Commit,
    /// Undo it, as if the work had not run.
    Rollback,
}

/// What is done inside one transaction.
pub type Work = Box<dyn FnOnce(&mut dyn Memory) -> Verdict + Send>;

/// A future of a store's.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// What a read must have seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Every write that was answered before.
    Writes,
    /// That, and every log entry of the calls that were answered before.
    WritesAndLogs,
}

/// The access that a transaction needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read, on one consistent state of the memory.
    Read(Freshness),
    /// Read and write.
    Write,
}

/// Opens transactions. Reads run beside each other; writes are ordered.
///
/// Dropping a future abandons its call: a work that has not begun is not run, and nothing is kept for
/// it. A write that has begun is committed or undone as if its caller were there.
pub trait Store: Send + Sync {
    /// Runs a work that only reads, on one consistent state of the memory.
    fn read(&self, freshness: Freshness, work: Work) -> StoreFuture<'_, ()>;
    /// Runs a work in a transaction of its own; ready when its outcome is durable.
    fn write(&self, work: Work) -> StoreFuture<'_, ()>;
    /// Runs a work that may take up to `budget`, counted from its start, and that other works do not
    /// wait for longer than needed: a read does not delay other reads, and between two writes of
    /// this kind the other writes that are waiting get their turn. When the time is used up, calls of
    /// the memory that read lists fail with [`StoreError::OutOfTime`].
    ///
    /// The default is for stores whose calls are short: it runs the work as any other.
    fn run_within(&self, access: Access, budget: Duration, work: Work) -> StoreFuture<'_, ()> {
        let _ = budget;
        match access {
            Access::Read(freshness) => self.read(freshness, work),
            Access::Write => self.write(work),
        }
    }
    /// Hands over a log entry that belongs to no write. It is stored soon, in the order of the
    /// calls, and before every later [`Freshness::WritesAndLogs`] read. An error means that the
    /// entry is lost.
    fn record(&self, entry: LogEntry) -> StoreFuture<'_, ()>;
    /// Returns the number of log entries that were lost after [`Store::record`] had taken them.
    fn lost_log_entries(&self) -> u64 {
        0
    }
    /// Whether reads and writes can be served now.
    fn ready(&self) -> StoreFuture<'_, ()>;
    /// Stores what was handed over, and lets go of the database. Later calls fail.
    fn close(&self) -> StoreFuture<'_, ()>;
}

/// Works that give something back.
pub trait StoreRuns {
    /// [`Store::read`] with a result.
    fn read_for<T: Send + 'static>(
        &self,
        freshness: Freshness,
        work: impl FnOnce(&mut dyn Memory) -> T + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// [`Store::write`] with a result: kept when it is `Ok`, undone when it is `Err`.
    fn write_for<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Memory) -> Result<T, E> + Send + 'static,
    ) -> impl Future<Output = Result<T, E>> + Send;

    /// [`Store::run_within`] with a result: what was written is kept when it is `Ok`, and undone when
    /// it is `Err`.
    fn run_within_for<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        access: Access,
        budget: Duration,
        work: impl FnOnce(&mut dyn Memory) -> Result<T, E> + Send + 'static,
    ) -> impl Future<Output = Result<T, E>> + Send;
}

/// Where a work leaves its result for the caller.
struct Slot<T>(Arc<Mutex<Option<T>>>);

impl<T> Slot<T> {
    fn new() -> (Self, Self) {
        let shared = Arc::new(Mutex::new(None));
        (Self(Arc::clone(&shared)), Self(shared))
    }

    fn put(&self, value: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }

    fn take(&self) -> Result<T, StoreError> {
        let value = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        value.ok_or_else(|| StoreError::Failed("the work did not run to its end".into()))
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

/// A work that is kept when its result is `Ok`, and where that result will be.
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
