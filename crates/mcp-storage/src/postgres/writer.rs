//! The one writer of this server: a thread with a connection of its own, which takes the jobs that
//! are waiting and has them share a commit. Other servers have theirs.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;

use mcp_core::Clock;
use mcp_core::domain::LogEntry;
use mcp_core::memory::{StoreError, Work};
use tokio::sync::oneshot;

use super::batch::Batch;
use super::session::Session;
use crate::sqlite::jobs::{Done, Job, Jobs, Queued, closed};
use crate::sqlite::writer::next_batch;
use crate::{OpenError, Options};

/// The writer's queue and its thread.
pub(super) struct Writer {
    jobs: Jobs,
}

impl Writer {
    pub(super) fn start(
        session: Session,
        options: &Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let (jobs, waiting) = Jobs::queue(options.queue);
        let work = Thread { session, clock, retention: options.log_retention };
        thread::Builder::new()
            .name("postgres-writer".into())
            .spawn(move || work.run(&waiting))
            .map_err(|error| OpenError::Failed("writer".into(), error.to_string()))?;
        Ok(Self { jobs })
    }

    pub(super) async fn write(&self, work: Work) -> Result<(), StoreError> {
        self.answered(|done| self.jobs.try_put(Job::Write(work, done))).await
    }

    /// Waits until every job before is committed.
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        self.answered(|done| self.jobs.try_put(Job::Flush(done))).await
    }

    pub(super) async fn record(&self, entry: LogEntry) -> Result<(), StoreError> {
        self.jobs.put(Job::Record(entry)).await
    }

    pub(super) async fn stop(&self) -> Result<(), StoreError> {
        let (done, outcome) = oneshot::channel();
        self.jobs.put(Job::Stop(done)).await?;
        outcome.await.unwrap_or_else(|_| Err(closed()))
    }

    async fn answered(
        &self,
        put: impl FnOnce(Done) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (done, outcome) = oneshot::channel();
        put(done)?;
        outcome.await.unwrap_or_else(|_| Err(closed()))
    }
}

/// What lives on the writer's thread.
struct Thread {
    session: Session,
    clock: Arc<dyn Clock>,
    retention: u32,
}

impl Thread {
    fn run(mut self, waiting: &Receiver<Queued>) {
        while let Some(jobs) = next_batch(waiting) {
            let batch = Batch::new(&*self.clock, self.retention);
            if let Some(stopped) = batch.run(&mut self.session, jobs) {
                drop(self);
                let _ = stopped.send(Ok(()));
                return;
            }
        }
    }
}
