//! Group commit: jobs run one after another in one transaction. After its commit, all callers get
//! their outcomes. A failed job is rolled back alone.

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
use super::write_transaction::WriteTransaction;
use crate::jobs::{Job, Jobs, OutcomeSender};

/// The maximum number of jobs per commit, and their maximum duration. They bound the wait of callers and
/// of other servers.
const MAX_JOBS: usize = 256;
const MAX_DURATION: Duration = Duration::from_millis(50);

/// A group of jobs that share a commit.
pub(super) struct Batch<'a> {
    jobs: &'a Jobs,
    clock: &'a dyn Clock,
    retention: u32,
    /// The timeout of each statement.
    statement_timeout: Duration,
    /// The outcomes to send after the commit.
    outcomes: Vec<(OutcomeSender, StoreResult<()>)>,
    /// The stored log entries, in case that they must be stored again.
    entries: VecDeque<LogEntry>,
    /// The callers that wait for earlier jobs.
    flushes: Vec<OutcomeSender>,
    /// The caller that asked to stop.
    stop: Option<OutcomeSender>,
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
            outcomes: Vec::new(),
            entries: VecDeque::new(),
            flushes: Vec::new(),
            stop: None,
        }
    }

    /// Runs the waiting jobs, commits, and sends the outcomes. Returns the caller that asked to
    /// stop.
    pub(super) fn run(mut self, session: &mut Session) -> Option<OutcomeSender> {
        if let Some((queued, budget)) = self.jobs.next_long() {
            let (jobs, begun) = (self.jobs, Instant::now());
            // Alone, because no other job shall share its duration or its outcome.
            self.commit(session, Some((queued.job, budget)));
            self.answer_flushes();
            jobs.long_took(begun.elapsed());
            return None;
        }
        // Without a write, begin no transaction and take no lock.
        while self.stop.is_none()
            && let Some(next) = self.jobs.next_if(|job, entries| !writes(job) && !entries)
        {
            self.collect(next.queued.job);
        }
        if self.stop.is_none() && self.jobs.has_something_to_write() {
            self.commit(session, None);
        }
        self.answer_flushes();
        self.stop
    }

    /// Writes the pending log entries, and one long job or the other jobs. Sends the outcomes.
    fn commit(&mut self, session: &mut Session, long: Option<(Job, Duration)>) {
        let outcome = self.write(session, long).map_err(|fault| session.give_up(fault));
        if let Err(fault) = &outcome {
            log::error!("cannot write: {fault}");
            let entries = std::mem::take(&mut self.entries);
            // If the outcome of the commit is unknown, the entries may be lost, but are not stored twice.
            if matches!(fault, StoreError::InDoubt(_)) {
                self.jobs.count_lost_entries(entries.len());
            } else {
                self.jobs.put_back_entries(entries);
            }
        }
        for (sender, result) in self.outcomes.drain(..) {
            // The caller may be gone.
            let _ = sender.send(outcome.clone().and(result));
        }
    }

    fn answer_flushes(&mut self) {
        // Log entries that could not be stored must not block a read that waits for them.
        for sender in self.flushes.drain(..) {
            let _ = sender.send(Ok(()));
        }
    }

    fn write(&mut self, session: &mut Session, long: Option<(Job, Duration)>) -> StoreResult<()> {
        let begun = session.begin();
        let (connection, counters) = match begun {
            Ok(begun) => begun,
            Err(fault) => {
                match long {
                    Some((job, _)) => self.collect(job),
                    None => self.skip_jobs(),
                }
                return Err(fault);
            }
        };
        let mut writing = WriteTransaction::new(counters);
        self.store_entries(connection, &mut writing)?;
        match long {
            Some((job, budget)) => self.run_long(job, budget, connection, &mut writing)?,
            None => self.run_jobs(connection, &mut writing)?,
        }
        writing.finish(connection, self.retention).map_err(store_error)?;
        session::commit(connection)
    }

    /// Takes the jobs that would run now. Their callers get the error of the transaction.
    fn skip_jobs(&mut self) {
        self.entries = self.jobs.take_entries();
        while self.outcomes.len() < MAX_JOBS
            && self.stop.is_none()
            && let Some(next) = self.jobs.next_if(|_, _| true)
        {
            self.collect(next.queued.job);
        }
    }

    /// Stores the pending log entries.
    fn store_entries(
        &mut self,
        connection: &mut PgConnection,
        writing: &mut WriteTransaction,
    ) -> StoreResult<()> {
        let mut entries = self.jobs.take_entries();
        writing.begin_job();
        let mut memory = PostgresMemory::writing(connection, self.clock.now(), writing);
        let stored = entries.iter().try_for_each(|entry| memory.append_log(entry));
        self.entries.append(&mut entries);
        stored.and_then(|()| writing.keep_job(connection))
    }

    /// Runs the waiting jobs. An error means that the transaction is lost.
    fn run_jobs(
        &mut self,
        connection: &mut PgConnection,
        writing: &mut WriteTransaction,
    ) -> StoreResult<()> {
        let until = Instant::now() + MAX_DURATION;
        while self.outcomes.len() < MAX_JOBS && self.stop.is_none() && Instant::now() < until {
            let Some(next) = self.jobs.next_if(|_, _| true) else { break };
            match next.queued.job {
                Job::Write(work, sender) => {
                    let result = self.run_write(work, None, connection, writing);
                    self.add_outcome(sender, result)?;
                }
                job => {
                    if next.after_entries {
                        // The job must see the earlier entries.
                        self.store_entries(connection, writing)?;
                    }
                    self.collect(job);
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
        writing: &mut WriteTransaction,
    ) -> StoreResult<()> {
        let Job::Write(work, sender) = job else {
            self.collect(job);
            return Ok(());
        };
        let limit = TimeLimit::new(Instant::now() + budget, self.statement_timeout);
        let result = self.run_write(work, Some(limit), connection, writing);
        self.add_outcome(sender, result)?;
        time_limit::set(connection, self.statement_timeout).map_err(store_error)
    }

    /// Adds the outcome of a job. An error means that the transaction is lost.
    fn add_outcome(
        &mut self,
        sender: OutcomeSender,
        result: StoreResult<StoreResult<()>>,
    ) -> StoreResult<()> {
        // If the transaction is lost, its error becomes the outcome.
        let (outcome, transaction) = match result {
            Ok(outcome) => (outcome, Ok(())),
            Err(error) => (Ok(()), Err(error)),
        };
        self.outcomes.push((sender, outcome));
        transaction
    }

    /// Takes the caller of a job without running it.
    fn collect(&mut self, job: Job) {
        match job {
            Job::Write(_, sender) | Job::Read(_, sender) => self.outcomes.push((sender, Ok(()))),
            Job::Flush(sender) => self.flushes.push(sender),
            Job::Stop(sender) => self.stop = Some(sender),
        }
    }

    fn run_write(
        &self,
        work: Work,
        limit: Option<TimeLimit>,
        connection: &mut PgConnection,
        writing: &mut WriteTransaction,
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
