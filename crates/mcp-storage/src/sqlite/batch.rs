//! Group commit: jobs run in one transaction, each in a savepoint. After its commit, all callers
//! get their outcomes. A failed job is rolled back alone.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use mcp_core::Clock;
use mcp_core::domain::LogEntry;
use mcp_core::memory::{StoreError, Verdict, Work};

use super::derived::Health;
use super::error::{Faults, store_error};
use super::files::OpenedFile;
use super::memory::{
    Backlog, SqliteMemory, clear_index, count_tasks, index_tasks, is_to_be_cleared, trim_logs,
};
use super::transaction;
use crate::jobs::{Job, Jobs, OutcomeSender};

/// The maximum number of jobs per commit, and their maximum duration. They bound the wait of callers.
const MAX_JOBS: usize = 256;
const MAX_DURATION: Duration = Duration::from_millis(50);

/// If this many tasks are missing from the search index or the counts, a commit adds some. An idle writer
/// adds them anyway.
const MANY: i64 = 1024;
/// The number of tasks that a commit indexes if far more are missing, because its callers wait for it. A
/// commit adds no more tasks than it has jobs.
const SOME: i64 = 256;

/// The number of hidden log entries beyond the retention that stay in the file: removing entries with
/// every commit would write a third more of the log's pages.
const SPARE_LOGS: u32 = 512;

/// A group of jobs that share a commit.
pub(super) struct Batch<'a> {
    jobs: &'a Jobs,
    faults: &'a Faults,
    clock: &'a dyn Clock,
    retention: u32,
    health: &'a Health,
    /// The outcomes to send after the commit.
    outcomes: Vec<(OutcomeSender, Result<(), StoreError>)>,
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
        faults: &'a Faults,
        clock: &'a dyn Clock,
        retention: u32,
        health: &'a Health,
    ) -> Self {
        Self {
            jobs,
            faults,
            clock,
            retention,
            health,
            outcomes: Vec::new(),
            entries: VecDeque::new(),
            flushes: Vec::new(),
            stop: None,
        }
    }

    /// Runs the waiting jobs, commits, and sends the outcomes. Returns the caller that asked to
    /// stop.
    pub(super) fn run(
        mut self,
        connection: &mut SqliteConnection,
        opened: Option<&OpenedFile>,
    ) -> Option<OutcomeSender> {
        if let Some((queued, budget)) = self.jobs.next_long() {
            let (jobs, begun) = (self.jobs, Instant::now());
            self.run_long(queued.job, budget, connection, opened);
            jobs.long_took(begun.elapsed());
            return None;
        }
        // Without a write, begin no transaction and take no lock.
        let reads_alone = |job: &Job, entries: bool| !matches!(job, Job::Write(..)) && !entries;
        self.run_jobs(connection, reads_alone).expect("only a write can lose its transaction");
        if !self.jobs.has_something_to_write() {
            self.send_outcomes(None);
            return self.stop;
        }
        let run = |batch: &mut Self, connection: &mut SqliteConnection| {
            batch.run_jobs(connection, |_, _| true)
        };
        let fault = self.commit(connection, opened, run);
        if fault.is_some() && self.outcomes.is_empty() {
            self.skip_jobs();
        }
        self.send_outcomes(fault.as_ref());
        self.stop
    }

    /// Runs a job that may take up to `budget` and commits it alone: no other job shares its
    /// duration or its outcome.
    fn run_long(
        mut self,
        job: Job,
        budget: Duration,
        connection: &mut SqliteConnection,
        opened: Option<&OpenedFile>,
    ) {
        let writes = matches!(job, Job::Write(..));
        let mut job = Some(job);
        let mut run = |batch: &mut Self, connection: &mut SqliteConnection| match job.take() {
            Some(job) => batch.run_job(job, Some(budget), connection),
            None => Ok(()),
        };
        let fault = if writes {
            self.commit(connection, opened, &mut run)
        } else {
            run(&mut self, connection).err().map(store_error)
        };
        if let Some(job) = job {
            // The transaction did not begin.
            self.collect(job);
        }
        self.send_outcomes(fault.as_ref());
    }

    /// Writes the pending log entries and the changes of `run`. Returns the error, if any.
    fn commit(
        &mut self,
        connection: &mut SqliteConnection,
        opened: Option<&OpenedFile>,
        run: impl FnMut(&mut Self, &mut SqliteConnection) -> QueryResult<()>,
    ) -> Option<StoreError> {
        let check = opened.map_or(Ok(()), OpenedFile::check);
        let fault = check.err().or_else(|| self.write(connection, run));
        if let Some(fault) = &fault {
            log::error!("a commit failed, and all its jobs are undone: {fault}");
            self.jobs.put_back_entries(std::mem::take(&mut self.entries));
        }
        fault
    }

    /// Runs the transaction. Returns the error, if any.
    fn write(
        &mut self,
        connection: &mut SqliteConnection,
        run: impl FnMut(&mut Self, &mut SqliteConnection) -> QueryResult<()>,
    ) -> Option<StoreError> {
        self.faults.take();
        let outcome = transaction::begin_writing(connection)
            .and_then(|()| self.run_all(connection, run))
            .inspect_err(|_| transaction::rollback(connection))
            .and_then(|()| transaction::commit(connection));
        // The first error is the cause: when SQLite ends a transaction, its savepoints are gone,
        // and later errors are only about those.
        outcome.err().map(|error| self.faults.take().unwrap_or(store_error(error)))
    }

    fn run_all(
        &mut self,
        connection: &mut SqliteConnection,
        mut run: impl FnMut(&mut Self, &mut SqliteConnection) -> QueryResult<()>,
    ) -> QueryResult<()> {
        self.store_entries(connection)?;
        run(self, connection)?;
        trim_logs(connection, self.retention, SPARE_LOGS)?;
        let backlog = Backlog::of(connection)?;
        // An error of derived data does not undo the jobs. The upkeep meets and logs it too.
        if backlog.uncounted >= MANY {
            transaction::in_savepoint(connection, |it| (count_tasks(it).is_ok(), ()))?;
        }
        if backlog.unindexed >= MANY {
            let tasks = if backlog.unindexed > 4 * MANY { SOME } else { MANY };
            transaction::in_savepoint(connection, |it| (index_some(it, tasks).is_ok(), ()))?;
        }
        Ok(())
    }

    /// Takes all waiting jobs without running them. The next transaction would fail too, before it
    /// reaches them, and their callers would wait for the recovery.
    fn skip_jobs(&mut self) {
        while self.stop.is_none()
            && let Some(next) = self.jobs.next_if(|_, _| true)
        {
            self.collect(next.queued.job);
        }
    }

    /// Takes the caller of a job without running it.
    fn collect(&mut self, job: Job) {
        match job {
            Job::Write(_, sender) | Job::Read(_, sender) => self.outcomes.push((sender, Ok(()))),
            Job::Flush(sender) => self.flushes.push(sender),
            Job::Stop(sender) => self.stop = Some(sender),
        }
    }

    /// Stores the pending log entries.
    fn store_entries(&mut self, connection: &mut SqliteConnection) -> QueryResult<()> {
        let mut entries = self.jobs.take_entries();
        let mut memory = self.memory(connection);
        let stored = entries.iter().try_for_each(|entry| memory.insert_log(entry));
        self.entries.append(&mut entries);
        stored
    }

    /// Runs jobs as long as `accepts` returns true, which also gets whether log entries wait. An
    /// error means that the transaction is lost.
    fn run_jobs(
        &mut self,
        connection: &mut SqliteConnection,
        accepts: impl Fn(&Job, bool) -> bool,
    ) -> QueryResult<()> {
        let until = Instant::now() + MAX_DURATION;
        while self.outcomes.len() < MAX_JOBS && self.stop.is_none() && Instant::now() < until {
            let Some(next) = self.jobs.next_if(&accepts) else { break };
            if next.after_entries && !matches!(next.queued.job, Job::Write(..)) {
                // The job must see the earlier entries.
                self.store_entries(connection)?;
            }
            self.run_job(next.queued.job, None, connection)?;
        }
        Ok(())
    }

    /// Runs a job. An error means that the transaction is lost.
    fn run_job(
        &mut self,
        job: Job,
        budget: Option<Duration>,
        connection: &mut SqliteConnection,
    ) -> QueryResult<()> {
        let until = budget.map(|budget| Instant::now() + budget);
        match job {
            Job::Write(work, sender) => match self.in_savepoint(work, until, connection) {
                Ok(outcome) => self.outcomes.push((sender, outcome)),
                Err(error) => {
                    // The error of the transaction becomes the outcome.
                    self.outcomes.push((sender, Ok(())));
                    return Err(error);
                }
            },
            Job::Read(work, sender) => {
                let mut memory = self.memory(connection).until(until);
                let ran = catch_unwind(AssertUnwindSafe(|| work(&mut memory)));
                self.outcomes.push((sender, ran.map(|_| ()).map_err(|_| panicked())));
            }
            job => self.collect(job),
        }
        Ok(())
    }

    fn memory<'c>(&self, connection: &'c mut SqliteConnection) -> SqliteMemory<'c>
    where
        'a: 'c,
    {
        SqliteMemory::new(connection, self.clock.now(), self.retention, self.health)
    }

    fn in_savepoint(
        &self,
        work: Work,
        until: Option<Instant>,
        connection: &mut SqliteConnection,
    ) -> QueryResult<Result<(), StoreError>> {
        transaction::in_savepoint(connection, |connection| {
            let mut memory = self.memory(connection).until(until);
            match catch_unwind(AssertUnwindSafe(|| work(&mut memory))) {
                Ok(verdict) => (verdict == Verdict::Commit, Ok(())),
                Err(_) => (false, Err(panicked())),
            }
        })
    }

    fn send_outcomes(&mut self, fault: Option<&StoreError>) {
        for (sender, outcome) in self.outcomes.drain(..) {
            let outcome = fault.map_or(outcome, |fault| Err(fault.clone()));
            // The caller may be gone.
            let _ = sender.send(outcome);
        }
        // Log entries that could not be stored must not block a read that waits for them.
        for sender in self.flushes.drain(..) {
            let _ = sender.send(Ok(()));
        }
    }
}

fn index_some(connection: &mut SqliteConnection, at_most: i64) -> QueryResult<()> {
    if is_to_be_cleared(connection)? {
        return clear_index(connection);
    }
    index_tasks(connection, at_most).map(|_| ())
}

fn panicked() -> StoreError {
    StoreError::Failed("the work panicked".into())
}
