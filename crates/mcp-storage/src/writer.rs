//! The way to the one writer: a thread that takes the jobs that are waiting and has them share a
//! commit.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use mcp_core::domain::LogEntry;
use mcp_core::memory::{StoreError, Verdict, Work};
use tokio::sync::oneshot;
use tokio::task::yield_now;

use crate::jobs::{Done, Job, Jobs, closed};

/// The writer's queue, whose thread ends with it.
pub(crate) struct Writer {
    jobs: Arc<Jobs>,
}

impl Writer {
    /// Starts the thread, which does the jobs until it is told to stop or abandoned.
    pub(crate) fn start(
        name: &str,
        jobs: Arc<Jobs>,
        run: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<Self> {
        thread::Builder::new().name(name.into()).spawn(run)?;
        Ok(Self { jobs })
    }

    pub(crate) async fn write(&self, work: Work) -> Result<(), StoreError> {
        self.answered(|done| self.jobs.try_put(Job::Write(work, done))).await
    }

    pub(crate) async fn read(&self, work: Work) -> Result<(), StoreError> {
        self.answered(|done| self.jobs.try_put(Job::Read(work, done))).await
    }

    /// Runs a work that may take up to `budget`, in a transaction of its own.
    pub(crate) async fn write_within(
        &self,
        budget: Duration,
        work: Work,
    ) -> Result<(), StoreError> {
        self.answered(|done| self.jobs.try_put_long(Job::Write(work, done), budget)).await
    }

    /// The same with a work that only reads.
    pub(crate) async fn read_within(&self, budget: Duration, work: Work) -> Result<(), StoreError> {
        self.answered(|done| self.jobs.try_put_long(Job::Read(work, done), budget)).await
    }

    /// Waits until every job before is committed, and the log entries that were left.
    pub(crate) async fn flush(&self) -> Result<(), StoreError> {
        self.answered(|done| self.jobs.try_put(Job::Flush(done))).await
    }

    /// Whether a transaction that writes can be had now.
    pub(crate) async fn ready(&self) -> Result<(), StoreError> {
        self.write(Box::new(|_| Verdict::Commit)).await
    }

    /// Leaves a log entry for the next commit. If many bytes of entries are waiting, waits for that
    /// commit. Returns an error only if the entry was not taken.
    pub(crate) async fn record(&self, entry: LogEntry) -> Result<(), StoreError> {
        if self.jobs.leave(entry)? {
            let (done, outcome) = oneshot::channel();
            if self.jobs.put(Job::Flush(done)).await.is_ok() {
                self.jobs.call();
                let _ = outcome.await;
            }
        }
        Ok(())
    }

    /// Returns the number of log entries that were taken and lost.
    pub(crate) fn lost_entries(&self) -> u64 {
        self.jobs.lost_entries()
    }

    /// Stores what was left, and ends the thread. Doing it twice is no fault.
    pub(crate) async fn stop(&self) -> Result<(), StoreError> {
        let (done, outcome) = oneshot::channel();
        if self.jobs.put(Job::Stop(done)).await.is_err() {
            return Ok(());
        }
        self.jobs.call();
        outcome.await.unwrap_or(Ok(()))
    }

    async fn answered(
        &self,
        put: impl FnOnce(Done) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        // Declared before the channel: if the future is dropped, the channel closes first, and the
        // writer sees that this job has no caller.
        let call = Called(&self.jobs);
        let (done, outcome) = oneshot::channel();
        put(done)?;
        // Other tasks that are ready to run queue their jobs first: they share a commit.
        yield_now().await;
        drop(call);
        outcome.await.unwrap_or_else(|_| Err(closed()))
    }
}

/// Wakes the writer when it is dropped, also if the caller's future is.
struct Called<'a>(&'a Jobs);

impl Drop for Called<'_> {
    fn drop(&mut self) {
        self.0.call();
    }
}

impl Drop for Writer {
    /// A store that is dropped without being closed leaves no thread behind.
    fn drop(&mut self) {
        self.jobs.abandon();
    }
}
