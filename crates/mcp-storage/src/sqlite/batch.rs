//! Group commit: jobs run each in a savepoint inside one transaction, which is committed once; then
//! all of them are answered. One that fails is undone alone.

use std::panic::{AssertUnwindSafe, catch_unwind};

use diesel::prelude::*;
use diesel::result::Error;
use mcp_core::Clock;
use mcp_core::memory::{Logs, StoreError, Verdict, Work};

use super::error::store_error;
use super::jobs::{Done, Job, Queued};
use super::memory::{SqliteMemory, trim_logs};

/// Jobs that share a commit.
pub(super) struct Batch<'a> {
    clock: &'a dyn Clock,
    retention: u32,
    /// What each caller is told, once the commit is durable.
    answers: Vec<(Done, Result<(), StoreError>)>,
    /// Who asked to stop.
    stop: Option<Done>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(clock: &'a dyn Clock, retention: u32) -> Self {
        Self { clock, retention, answers: Vec::new(), stop: None }
    }

    /// Runs the jobs, commits and answers everybody. Gives back who asked to stop.
    pub(super) fn run(
        mut self,
        connection: &mut SqliteConnection,
        jobs: Vec<Queued>,
    ) -> Option<Done> {
        let writes = |job: &Job| matches!(job, Job::Write(..) | Job::Record(_));
        let needs_commit = jobs.iter().any(|queued| writes(&queued.job));
        let mut jobs = jobs.into_iter();
        let outcome = if needs_commit {
            connection.immediate_transaction(|connection| {
                jobs.try_for_each(|queued| self.run_job(queued.job, connection))?;
                trim_logs(connection, self.retention)
            })
        } else {
            jobs.try_for_each(|queued| self.run_job(queued.job, connection))
        };
        let fault = outcome.err().map(store_error);
        if let Some(fault) = &fault {
            log::error!("a commit failed, and everything in it is undone: {fault}");
            // Those behind the job at which it failed have not run.
            jobs.for_each(|queued| self.give_up(queued.job));
        }
        for (done, answer) in self.answers {
            let answer = fault.as_ref().map_or(answer, |fault| Err(fault.clone()));
            // Who has gone away needs no answer.
            let _ = done.send(answer);
        }
        self.stop
    }

    /// Does one job. An error means that the whole transaction is lost.
    fn run_job(&mut self, job: Job, connection: &mut SqliteConnection) -> QueryResult<()> {
        match job {
            Job::Write(work, done) => {
                let answer = self.in_savepoint(work, connection);
                let (answer, lost) = match answer {
                    Ok(answer) => (answer, Ok(())),
                    // Replaced by the transaction's fault.
                    Err(error) => (Ok(()), Err(error)),
                };
                self.answers.push((done, answer));
                lost
            }
            Job::Read(work, done) => {
                // It shares the transaction of the log entries before it.
                trim_logs(connection, self.retention)?;
                let mut memory = SqliteMemory::new(connection, self.clock.now());
                let ran = catch_unwind(AssertUnwindSafe(|| work(&mut memory)));
                self.answers.push((done, ran.map(|_| ()).map_err(|_| panicked())));
                Ok(())
            }
            Job::Record(entry) => {
                let mut memory = SqliteMemory::new(connection, self.clock.now());
                memory.append_log(&entry).or_else(|error| {
                    log::error!("a log entry is lost: {error}");
                    Ok(())
                })
            }
            Job::Flush(_) | Job::Stop(_) => {
                self.give_up(job);
                Ok(())
            }
        }
    }

    /// Notes who is waiting for a job, without doing it.
    fn give_up(&mut self, job: Job) {
        match job {
            Job::Write(_, done) | Job::Read(_, done) | Job::Flush(done) => {
                self.answers.push((done, Ok(())));
            }
            Job::Stop(done) => self.stop = Some(done),
            Job::Record(_) => {}
        }
    }

    fn in_savepoint(
        &self,
        work: Work,
        connection: &mut SqliteConnection,
    ) -> QueryResult<Result<(), StoreError>> {
        let outcome = connection.transaction(|connection| {
            let mut memory = SqliteMemory::new(connection, self.clock.now());
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

fn panicked() -> StoreError {
    StoreError::Failed("the work panicked".into())
}
