//! The one writer: a thread with a connection of its own, which takes the jobs that are waiting
//! and has them share a commit.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mcp_core::Clock;
use mcp_core::domain::LogEntry;
use mcp_core::memory::{StoreError, Work};
use tokio::sync::oneshot;

use super::OpenError;
use super::batch::Batch;
use super::error::store_error;
use super::jobs::{Done, Job, Jobs, Queued, closed};
use super::memory::trim_logs;
use crate::Options;

/// How many jobs share a commit at most: what a client waits for is bounded.
const LARGEST_BATCH: usize = 256;

/// How long log entries that nobody waits for may wait for a commit to share.
const RECORDS_WAIT: Duration = Duration::from_millis(50);

/// The writer's queue and its thread.
pub(super) struct Writer {
    jobs: Jobs,
}

impl Writer {
    pub(super) fn start(
        connection: SqliteConnection,
        options: &Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let (jobs, waiting) = Jobs::queue(options.queue);
        let mut work = Thread { connection, clock, retention: options.log_retention };
        let failed =
            |error: &dyn std::fmt::Display| OpenError::Failed("writer".into(), error.to_string());
        trim_logs(&mut work.connection, work.retention).map_err(|error| failed(&error))?;
        thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || work.run(&waiting))
            .map_err(|error| failed(&error))?;
        Ok(Self { jobs })
    }

    pub(super) async fn write(&self, work: Work) -> Result<(), StoreError> {
        self.answered(|done| self.jobs.try_put(Job::Write(work, done))).await
    }

    pub(super) async fn read(&self, work: Work) -> Result<(), StoreError> {
        self.answered(|done| self.jobs.try_put(Job::Read(work, done))).await
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
    connection: SqliteConnection,
    clock: Arc<dyn Clock>,
    retention: u32,
}

impl Thread {
    fn run(mut self, waiting: &Receiver<Queued>) {
        while let Some(jobs) = next_batch(waiting) {
            let batch = Batch::new(&*self.clock, self.retention);
            if let Some(stopped) = batch.run(&mut self.connection, jobs) {
                let Self { mut connection, .. } = self;
                // What is in the log goes into the file, so that one file is the whole database.
                let checkpoint = connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)");
                drop(connection);
                let _ = stopped.send(checkpoint.map_err(store_error));
                return;
            }
        }
    }
}

/// The jobs that share the next commit: those that are waiting. Log entries alone wait a moment
/// for company, since nobody waits for them. `None` when nobody can put jobs any more.
pub(crate) fn next_batch(waiting: &Receiver<Queued>) -> Option<Vec<Queued>> {
    let mut batch = vec![waiting.recv().ok()?];
    let company_until = Instant::now() + RECORDS_WAIT;
    while batch.len() < LARGEST_BATCH {
        match waiting.try_recv() {
            Ok(queued) => batch.push(queued),
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {
                if !batch.iter().all(|queued| matches!(queued.job, Job::Record(_))) {
                    break;
                }
                let left = company_until.saturating_duration_since(Instant::now());
                match waiting.recv_timeout(left) {
                    Ok(queued) => batch.push(queued),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
        }
    }
    Some(batch)
}
