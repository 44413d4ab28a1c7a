//! The handle of the writer: a thread that lets the waiting jobs share a commit.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use mcp_core::domain::LogEntry;
use mcp_core::memory::{StoreError, Verdict, Work};
use tokio::sync::oneshot;
use tokio::task::yield_now;

use crate::jobs::{Job, Jobs, OutcomeSender, closed};

/// The handle of the writer. Its thread ends with it.
pub(crate) struct Writer {
    jobs: Arc<Jobs>,
}

impl Writer {
    /// Starts the thread, which runs jobs until it is stopped or abandoned.
    pub(crate) fn start(
        name: &str,
        jobs: Arc<Jobs>,
        run: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<Self> {
        thread::Builder::new().name(name.into()).spawn(run)?;
        Ok(Self { jobs })
    }

    pub(crate) async fn write(&self, work: Work) -> Result<(), StoreError> {
        self.outcome(|sender| self.jobs.try_put(Job::Write(work, sender))).await
    }

    pub(crate) async fn read(&self, work: Work) -> Result<(), StoreError> {
        self.outcome(|sender| self.jobs.try_put(Job::Read(work, sender))).await
    }

    /// Runs a work that may take up to `budget`, in a transaction of its own.
    pub(crate) async fn write_within(
        &self,
        budget: Duration,
        work: Work,
    ) -> Result<(), StoreError> {
        self.outcome(|sender| self.jobs.try_put_long(Job::Write(work, sender), budget)).await
    }

    /// Runs a work that only reads and may take up to `budget`.
    pub(crate) async fn read_within(&self, budget: Duration, work: Work) -> Result<(), StoreError> {
        self.outcome(|sender| self.jobs.try_put_long(Job::Read(work, sender), budget)).await
    }

    /// Waits until all earlier jobs and log entries are committed.
    pub(crate) async fn flush(&self) -> Result<(), StoreError> {
        self.outcome(|sender| self.jobs.try_put(Job::Flush(sender))).await
    }

    /// Checks that a transaction that writes can be committed now.
    pub(crate) async fn ready(&self) -> Result<(), StoreError> {
        self.write(Box::new(|_| Verdict::Commit)).await
    }

    /// Adds a log entry to the next commit. If the pending entries are large, waits for that
    /// commit. Returns an error only if the entry was not accepted.
    pub(crate) async fn record(&self, entry: LogEntry) -> Result<(), StoreError> {
        if self.jobs.add_entry(entry)? {
            let (sender, outcome) = oneshot::channel();
            if self.jobs.put(Job::Flush(sender)).await.is_ok() {
                self.jobs.wake();
                let _ = outcome.await;
            }
        }
        Ok(())
    }

    /// Returns the number of log entries that were accepted and lost.
    pub(crate) fn lost_entries(&self) -> u64 {
        self.jobs.lost_entries()
    }

    /// Stores the pending log entries and ends the thread. A second call does nothing.
    pub(crate) async fn stop(&self) -> Result<(), StoreError> {
        let (sender, outcome) = oneshot::channel();
        if self.jobs.put(Job::Stop(sender)).await.is_err() {
            return Ok(());
        }
        self.jobs.wake();
        outcome.await.unwrap_or(Ok(()))
    }

    /// Queues a job and waits for its outcome.
    async fn outcome(
        &self,
        put: impl FnOnce(OutcomeSender) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        // Declared before the channel: if the future is dropped, the channel closes first, and the
        // writer sees that the job has no caller.
        let wake = WakeOnDrop(&self.jobs);
        let (sender, outcome) = oneshot::channel();
        put(sender)?;
        // Other ready tasks queue their jobs first, so that they share a commit.
        yield_now().await;
        drop(wake);
        outcome.await.unwrap_or_else(|_| Err(closed()))
    }
}

/// Wakes the writer on drop, so that it is also woken if the caller's future is dropped.
struct WakeOnDrop<'a>(&'a Jobs);

impl Drop for WakeOnDrop<'_> {
    fn drop(&mut self) {
        self.0.wake();
    }
}

impl Drop for Writer {
    /// Ends the thread of a store that is dropped without being closed.
    fn drop(&mut self) {
        self.jobs.abandon();
    }
}
