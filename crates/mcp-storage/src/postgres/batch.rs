//! Group commit: jobs run one behind the other inside one transaction, which is committed once; then
//! all of them are answered. One that fails is undone alone.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use mcp_core::Clock;
use mcp_core::domain::LogEntry;
use mcp_core::memory::{Logs, StoreError, StoreResult, Verdict, Work};

use super::error::store_error;
use super::memory::PostgresMemory;
use super::session::{self, Session};
use super::time_limit::{self, TimeLimit};
use super::writing::Writing;
use crate::jobs::{Done, Job, Jobs};

/// How many jobs share a commit at most, and for how long they are taken in: what a client waits
/// for, and what other servers wait for, is bounded.
const MOST_JOBS: usize = 256;
const LONGEST: Duration = Duration::from_millis(50);

/// Jobs that share a commit.
pub(super) struct Batch<'a> {
    jobs: &'a Jobs,
    clock: &'a dyn Clock,
    retention: u32,
    /// How long every statement may take.
    statement_timeout: Duration,
    /// What each caller is told, once the commit is durable.
    answers: Vec<(Done, StoreResult<()>)>,
    /// The log entries that it stores, in case that they must be stored again.
    entries: VecDeque<LogEntry>,
    /// Who waits for what was before.
    flushes: Vec<Done>,
    /// Who asked to stop.
    stop: Option<Done>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        jobs: &'a Jobs,
        clock: &'a dyn Clock,
        retention: u32,
        statement_timeout: Duration,
    ) -> Self {
        Self {
            jobs,
            clock,
            retention,
            statement_timeout,
            answers: Vec::new(),
            entries: VecDeque::new(),
            flushes: Vec::new(),
            stop: None,
        }
    }

    /// Runs the jobs that are waiting, commits and answers everybody. Gives back who asked to stop.
    pub(super) fn run(mut self, session: &mut Session) -> Option<Done> {
        if let Some((queued, budget)) = self.jobs.next_long() {
            let (jobs, begun) = (self.jobs, Instant::now());
            // Alone: whoever else writes shares neither its time nor its outcome.
            self.commit(session, Some((queued.job, budget)));
            self.answer_flushes();
            jobs.long_took(begun.elapsed());
            return None;
        }
        // Nothing is written, and no lock asked for, when nobody wants it.
        while self.stop.is_none()
            && let Some(next) = self.jobs.next_if(|job, entries| !writes(job) && !entries)
        {
            self.note(next.queued.job);
        }
        if self.stop.is_none() && self.jobs.has_something_to_write() {
            self.commit(session, None);
        }
        self.answer_flushes();
        self.stop
    }

    /// Writes the log entries that are waiting, and one long job or the others, and answers them.
    fn commit(&mut self, session: &mut Session, long: Option<(Job, Duration)>) {
        let outcome = self.write(session, long).map_err(|fault| session.give_up(fault));
        if let Err(fault) = &outcome {
            log::error!("nothing could be written: {fault}");
            let entries = std::mem::take(&mut self.entries);
            // Entries of a commit of unknown outcome are not stored twice; they may be lost.
            if matches!(fault, StoreError::InDoubt(_)) {
                self.jobs.lose_entries(entries.len());
            } else {
                self.jobs.put_back(entries);
            }
        }
        for (done, answer) in self.answers.drain(..) {
            // Who has gone away needs no answer.
            let _ = done.send(outcome.clone().and(answer));
        }
    }

    fn answer_flushes(&mut self) {
        // Who waits for the log entries of others reads without them rather than not at all.
        for done in self.flushes.drain(..) {
            let _ = done.send(Ok(()));
        }
    }

    fn write(&mut self, session: &mut Session, long: Option<(Job, Duration)>) -> StoreResult<()> {
        let begun = session.begin();
        let (connection, counters) = match begun {
            Ok(begun) => begun,
            Err(fault) => {
                match long {
                    Some((job, _)) => self.note(job),
                    None => self.refuse_jobs(),
                }
                return Err(fault);
            }
        };
        let mut writing = Writing::new(counters);
        self.store_entries(connection, &mut writing)?;
        match long {
            Some((job, budget)) => self.run_long(job, budget, connection, &mut writing)?,
            None => self.run_jobs(connection, &mut writing)?,
        }
        writing.finish(connection, self.retention).map_err(store_error)?;
        session::commit(connection)
    }

    /// Takes the jobs that would have been run now. They are told why they were not.
    fn refuse_jobs(&mut self) {
        self.entries = self.jobs.take_entries();
        while self.answers.len() < MOST_JOBS
            && self.stop.is_none()
            && let Some(next) = self.jobs.next_if(|_, _| true)
        {
            self.note(next.queued.job);
        }
    }

    /// Stores the log entries that are waiting.
    fn store_entries(
        &mut self,
        connection: &mut PgConnection,
        writing: &mut Writing,
    ) -> StoreResult<()> {
        let mut entries = self.jobs.take_entries();
        writing.begin_job();
        let mut memory = PostgresMemory::writing(connection, self.clock.now(), writing);
        let stored = entries.iter().try_for_each(|entry| memory.append_log(entry));
        self.entries.append(&mut entries);
        stored.and_then(|()| writing.keep_job(connection))
    }

    /// An error means that the transaction is lost.
    fn run_jobs(
        &mut self,
        connection: &mut PgConnection,
        writing: &mut Writing,
    ) -> StoreResult<()> {
        let until = Instant::now() + LONGEST;
        while self.answers.len() < MOST_JOBS && self.stop.is_none() && Instant::now() < until {
            let Some(next) = self.jobs.next_if(|_, _| true) else { break };
            match next.queued.job {
                Job::Write(work, done) => {
                    let answer = self.run_write(work, None, connection, writing);
                    self.keep_answer(done, answer)?;
                }
                job => {
                    if next.behind_entries {
                        // They were left before this job, which wants to see them.
                        self.store_entries(connection, writing)?;
                    }
                    self.note(job);
                }
            }
        }
        Ok(())
    }

    /// Runs a job that may take up to `budget`. An error means that the transaction is lost.
    fn run_long(
        &mut self,
        job: Job,
        budget: Duration,
        connection: &mut PgConnection,
        writing: &mut Writing,
    ) -> StoreResult<()> {
        let Job::Write(work, done) = job else {
            self.note(job);
            return Ok(());
        };
        let limit = TimeLimit::new(Instant::now() + budget, self.statement_timeout);
        let answer = self.run_write(work, Some(limit), connection, writing);
        self.keep_answer(done, answer)?;
        time_limit::set(connection, self.statement_timeout).map_err(store_error)
    }

    /// Keeps what a caller is told. An error means that the transaction is lost.
    fn keep_answer(&mut self, done: Done, answer: StoreResult<StoreResult<()>>) -> StoreResult<()> {
        match answer {
            Ok(answer) => {
                self.answers.push((done, answer));
                Ok(())
            }
            Err(error) => {
                // It is told what became of the transaction.
                self.answers.push((done, Ok(())));
                Err(error)
            }
        }
    }

    /// Notes who is waiting for a job, without doing it.
    fn note(&mut self, job: Job) {
        match job {
            Job::Write(_, done) | Job::Read(_, done) => self.answers.push((done, Ok(()))),
            Job::Flush(done) => self.flushes.push(done),
            Job::Stop(done) => self.stop = Some(done),
        }
    }

    fn run_write(
        &self,
        work: Work,
        limit: Option<TimeLimit>,
        connection: &mut PgConnection,
        writing: &mut Writing,
    ) -> StoreResult<StoreResult<()>> {
        writing.begin_job();
        let mut memory =
            PostgresMemory::writing(connection, self.clock.now(), writing).within(limit);
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

fn writes(job: &Job) -> bool {
    matches!(job, Job::Write(..))
}
