//! Group commit: jobs run one behind the other inside one transaction, which is committed once; then
//! all of them are answered. One that fails is undone alone.

use std::panic::{AssertUnwindSafe, catch_unwind};

use diesel::prelude::*;
use mcp_core::Clock;
use mcp_core::memory::{Logs, StoreError, StoreResult, Verdict, Work};

use super::memory::PostgresMemory;
use super::session::{self, Session};
use super::writing::Writing;
use crate::sqlite::jobs::{Done, Job, Queued};

/// Jobs that share a commit.
pub(super) struct Batch<'a> {
    clock: &'a dyn Clock,
    retention: u32,
    /// What each caller is told, once the commit is durable.
    answers: Vec<(Done, StoreResult<()>)>,
    /// Who asked to stop.
    stop: Option<Done>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(clock: &'a dyn Clock, retention: u32) -> Self {
        Self { clock, retention, answers: Vec::new(), stop: None }
    }

    /// Runs the jobs, commits and answers everybody. Gives back who asked to stop.
    pub(super) fn run(mut self, session: &mut Session, jobs: Vec<Queued>) -> Option<Done> {
        let writes = |job: &Job| matches!(job, Job::Write(..) | Job::Record(_));
        let outcome = if jobs.iter().any(|queued| writes(&queued.job)) {
            self.commit(session, jobs.into_iter())
        } else {
            let waits = jobs.iter().any(|queued| matches!(queued.job, Job::Flush(_)));
            jobs.into_iter().for_each(|queued| self.give_up(queued.job));
            if waits { session.ping() } else { Ok(()) }
        };
        let outcome = outcome.map_err(|fault| session.give_up(fault));
        if let Err(fault) = &outcome {
            log::error!("nothing could be written: {fault}");
        }
        for (done, answer) in self.answers {
            // Who has gone away needs no answer.
            let _ = done.send(outcome.clone().and(answer));
        }
        self.stop
    }

    fn commit(
        &mut self,
        session: &mut Session,
        mut jobs: impl Iterator<Item = Queued>,
    ) -> StoreResult<()> {
        let outcome = self.try_commit(session, &mut jobs);
        // Those behind the job at which it failed have not run.
        jobs.for_each(|queued| self.give_up(queued.job));
        outcome
    }

    fn try_commit(
        &mut self,
        session: &mut Session,
        jobs: &mut impl Iterator<Item = Queued>,
    ) -> StoreResult<()> {
        let (connection, counters) = session.begin()?;
        let mut writing = Writing::new(counters);
        for queued in jobs {
            self.run_job(queued.job, connection, &mut writing)?;
        }
        writing.finish(connection, self.retention).map_err(super::error::store_error)?;
        session::commit(connection)
    }

    /// Does one job. An error means that the whole transaction is lost.
    fn run_job(
        &mut self,
        job: Job,
        connection: &mut PgConnection,
        writing: &mut Writing,
    ) -> StoreResult<()> {
        match job {
            Job::Write(work, done) => {
                let outcome = self.run_write(work, connection, writing);
                let (answer, lost) = match outcome {
                    Ok(answer) => (answer, Ok(())),
                    // Replaced by the transaction's fault.
                    Err(error) => (Ok(()), Err(error)),
                };
                self.answers.push((done, answer));
                lost
            }
            Job::Record(entry) => {
                writing.begin_job();
                let mut memory = PostgresMemory::writing(connection, self.clock.now(), writing);
                match memory.append_log(&entry) {
                    Ok(()) => writing.keep_job(connection),
                    Err(error) => {
                        log::error!("a log entry is lost: {error}");
                        writing.undo_job(connection)
                    }
                }
            }
            Job::Read(..) | Job::Flush(_) | Job::Stop(_) => {
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

    fn run_write(
        &self,
        work: Work,
        connection: &mut PgConnection,
        writing: &mut Writing,
    ) -> StoreResult<StoreResult<()>> {
        writing.begin_job();
        let mut memory = PostgresMemory::writing(connection, self.clock.now(), writing);
        match catch_unwind(AssertUnwindSafe(|| work(&mut memory))) {
            Ok(Verdict::Commit) => writing.keep_job(connection).map(Ok),
            Ok(Verdict::Rollback) => writing.undo_job(connection).map(Ok),
            Err(_) => {
                writing.undo_job(connection)?;
                Ok(Err(StoreError::Failed("the work panicked".into())))
            }
        }
    }
}
