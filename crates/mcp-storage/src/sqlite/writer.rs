//! The one writer: a thread with a connection of its own. It takes the jobs that are waiting, runs
//! each in a savepoint inside one transaction, commits once, then answers all of them (group
//! commit). One that fails is undone alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error;
use mcp_core::Clock;
use mcp_core::domain::LogEntry;
use mcp_core::memory::{Logs, StoreError, Verdict, Work};
use tokio::sync::oneshot;

use super::OpenError;
use super::error::store_error;
use super::jobs::{Done, Job, Jobs, Queued, closed};
use super::memory::{SqliteMemory, trim_logs};
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
        let mut work = Thread {
            connection,
            clock,
            retention: options.log_retention,
        };
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
        self.answered(|done| self.jobs.try_put(Job::Write(work, done)))
            .await
    }

    pub(super) async fn read(&self, work: Work) -> Result<(), StoreError> {
        self.answered(|done| self.jobs.try_put(Job::Read(work, done)))
            .await
    }

    /// Waits until every job before is committed.
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        self.answered(|done| self.jobs.try_put(Job::Flush(done)))
            .await
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
        while let Some(batch) = next_batch(waiting) {
            if let Some(stopped) = self.run_batch(batch) {
                let Self { mut connection, .. } = self;
                // What is in the log goes into the file, so that one file is the whole database.
                let checkpoint = connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)");
                drop(connection);
                let _ = stopped.send(checkpoint.map_err(store_error));
                return;
            }
        }
    }

    /// Runs a batch in one transaction and answers everybody in it. Gives back who asked to stop.
    fn run_batch(&mut self, batch: Vec<Queued>) -> Option<Done> {
        let mut answers: Vec<(Done, Result<(), StoreError>)> = Vec::new();
        let mut stop = None;
        let needs_commit = batch
            .iter()
            .any(|queued| matches!(queued.job, Job::Write(..) | Job::Record(_)));
        let outcome = if needs_commit {
            let Self {
                connection,
                clock,
                retention,
            } = self;
            connection.immediate_transaction(|connection| {
                for queued in batch {
                    stop = run_job(queued.job, connection, &**clock, &mut answers)?.or(stop.take());
                }
                trim_logs(connection, *retention)
            })
        } else {
            let Self {
                connection, clock, ..
            } = self;
            batch.into_iter().try_for_each(|queued| {
                stop = run_job(queued.job, connection, &**clock, &mut answers)?.or(stop.take());
                Ok(())
            })
        };
        let fault = outcome.err().map(store_error);
        if let Some(fault) = &fault {
            log::error!("a commit failed, and everything in it is undone: {fault}");
        }
        for (done, answer) in answers {
            let answer = fault.as_ref().map_or(answer, |fault| Err(again(fault)));
            // Who has gone away needs no answer.
            let _ = done.send(answer);
        }
        stop
    }
}

/// Does one job. An error means that the whole transaction is lost.
fn run_job(
    job: Job,
    connection: &mut SqliteConnection,
    clock: &dyn Clock,
    answers: &mut Vec<(Done, Result<(), StoreError>)>,
) -> QueryResult<Option<Done>> {
    match job {
        Job::Write(work, done) => {
            let answer = in_savepoint(work, connection, clock)?;
            answers.push((done, answer));
        }
        Job::Read(work, done) => {
            let mut memory = SqliteMemory::new(connection, clock.now());
            let ran = catch_unwind(AssertUnwindSafe(|| work(&mut memory)));
            answers.push((done, ran.map(|_| ()).map_err(|_| panicked())));
        }
        Job::Record(entry) => {
            if let Err(error) = SqliteMemory::new(connection, clock.now()).append_log(&entry) {
                log::error!("a log entry is lost: {error}");
            }
        }
        Job::Flush(done) => answers.push((done, Ok(()))),
        Job::Stop(done) => return Ok(Some(done)),
    }
    Ok(None)
}

/// Why a savepoint was not kept.
enum Undone {
    Asked,
    Panicked,
    Lost(Error),
}

impl From<Error> for Undone {
    fn from(error: Error) -> Self {
        Self::Lost(error)
    }
}

fn in_savepoint(
    work: Work,
    connection: &mut SqliteConnection,
    clock: &dyn Clock,
) -> QueryResult<Result<(), StoreError>> {
    let outcome = connection.transaction(|connection| {
        let mut memory = SqliteMemory::new(connection, clock.now());
        match catch_unwind(AssertUnwindSafe(|| work(&mut memory))) {
            Ok(Verdict::Commit) => Ok(()),
            Ok(Verdict::Rollback) => Err(Undone::Asked),
            Err(_) => Err(Undone::Panicked),
        }
    });
    match outcome {
        Ok(()) | Err(Undone::Asked) => Ok(Ok(())),
        Err(Undone::Panicked) => Ok(Err(panicked())),
        Err(Undone::Lost(error)) => Err(error),
    }
}

fn panicked() -> StoreError {
    StoreError::Failed("the work panicked".into())
}

/// The same fault for another of those who met it.
fn again(fault: &StoreError) -> StoreError {
    match fault {
        StoreError::Busy => StoreError::Busy,
        StoreError::Unavailable(text) => StoreError::Unavailable(text.clone()),
        StoreError::Full(text) => StoreError::Full(text.clone()),
        StoreError::ReadOnly(text) => StoreError::ReadOnly(text.clone()),
        StoreError::Damaged(text) => StoreError::Damaged(text.clone()),
        StoreError::Failed(text) => StoreError::Failed(text.clone()),
    }
}

/// The jobs that share the next commit: those that are waiting. Log entries alone wait a moment
/// for company, since nobody waits for them. `None` when nobody can put jobs any more.
fn next_batch(waiting: &Receiver<Queued>) -> Option<Vec<Queued>> {
    let mut batch = vec![waiting.recv().ok()?];
    let company_until = Instant::now() + RECORDS_WAIT;
    while batch.len() < LARGEST_BATCH {
        match waiting.try_recv() {
            Ok(queued) => batch.push(queued),
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {
                if !batch
                    .iter()
                    .all(|queued| matches!(queued.job, Job::Record(_)))
                {
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
