//! The one writer: a thread with a connection of its own, which takes the jobs that are waiting
//! and has them share a commit. When nothing is waiting it keeps the database tidy.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use diesel::prelude::*;
use mcp_core::Clock;
use mcp_core::domain::LogEntry;
use mcp_core::memory::{StoreError, Verdict, Work};
use tokio::sync::oneshot;

use super::OpenError;
use super::batch::Batch;
use super::error::Faults;
use super::jobs::{Call, Done, Job, Jobs, closed};
use super::memory::trim_logs;
use super::upkeep::{self, Upkeep};
use crate::{Location, Options};

/// After how long without work the writer looks for something to tidy.
const IDLE: Duration = Duration::from_millis(20);

/// The writer's queue and its thread.
pub(super) struct Writer {
    jobs: Arc<Jobs>,
}

impl Writer {
    pub(super) fn start(
        mut connection: SqliteConnection,
        location: &Location,
        options: &Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let failed =
            |error: &dyn std::fmt::Display| OpenError::Failed("writer".into(), error.to_string());
        trim_logs(&mut connection, options.log_retention).map_err(|error| failed(&error))?;
        let jobs = Arc::new(Jobs::new(options.queue, options.log_retention));
        let faults = Faults::default();
        faults.watch(&mut connection);
        let work = Thread {
            jobs: Arc::clone(&jobs),
            connection,
            faults,
            upkeep: Upkeep::of(location),
            clock,
            retention: options.log_retention,
        };
        thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || work.run())
            .map_err(|error| failed(&error))?;
        Ok(Self { jobs })
    }

    pub(super) async fn write(&self, work: Work) -> Result<(), StoreError> {
        self.answered(|done| self.jobs.try_put(Job::Write(work, done))).await
    }

    pub(super) async fn read(&self, work: Work) -> Result<(), StoreError> {
        self.answered(|done| self.jobs.try_put(Job::Read(work, done))).await
    }

    /// Waits until every job before is committed, and the log entries that were left.
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        self.answered(|done| self.jobs.try_put(Job::Flush(done))).await
    }

    /// Whether a transaction that writes can be had now.
    pub(super) async fn ready(&self) -> Result<(), StoreError> {
        self.write(Box::new(|_| Verdict::Commit)).await
    }

    /// Leaves a log entry for the next commit. Who brings more than is stored waits for it.
    pub(super) async fn record(&self, entry: LogEntry) -> Result<(), StoreError> {
        if self.jobs.leave(entry)? {
            let (done, outcome) = oneshot::channel();
            self.jobs.put(Job::Flush(done)).await?;
            outcome.await.unwrap_or_else(|_| Err(closed()))?;
        }
        Ok(())
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

impl Drop for Writer {
    /// A store that is dropped without being closed leaves no thread behind.
    fn drop(&mut self) {
        self.jobs.abandon();
    }
}

/// What lives on the writer's thread.
struct Thread {
    jobs: Arc<Jobs>,
    connection: SqliteConnection,
    faults: Faults,
    upkeep: Upkeep,
    clock: Arc<dyn Clock>,
    retention: u32,
}

impl Thread {
    fn run(mut self) {
        // There may be something to tidy from before.
        let mut idle = IDLE;
        loop {
            match self.jobs.wait(idle) {
                Call::Work => {
                    let batch = Batch::new(&self.jobs, &self.faults, &*self.clock, self.retention);
                    let stopped = batch.run(&mut self.connection);
                    self.upkeep.after_commit(&mut self.connection);
                    idle = IDLE;
                    if let Some(stopped) = stopped {
                        return self.stop(stopped);
                    }
                }
                Call::Idle => idle = self.upkeep.when_idle(&mut self.connection),
                Call::Abandoned => return,
            }
        }
    }

    fn stop(self, stopped: Done) {
        let Self { jobs, mut connection, .. } = self;
        // Who is still waiting learns by the end of the channel that the store is closed.
        drop(jobs.close());
        let last = upkeep::at_the_end(&mut connection);
        drop(connection);
        let _ = stopped.send(last);
    }
}
