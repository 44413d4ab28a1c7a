//! Group commit: jobs run each in a savepoint inside one transaction, which is committed once; then
//! all of them are answered. One that fails is undone alone.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use mcp_core::Clock;
use mcp_core::domain::LogEntry;
use mcp_core::memory::{StoreError, Verdict, Work};

use super::derived::Health;
use super::error::{Faults, store_error};
use super::files::Opened;
use super::memory::{
    Backlog, SqliteMemory, clear_index, count_tasks, index_tasks, is_to_be_cleared, trim_logs,
};
use super::transaction;
use crate::jobs::{Done, Job, Jobs};

/// How many jobs share a commit at most, and for how long they are taken in: what a client waits
/// for is bounded.
const MOST_JOBS: usize = 256;
const LONGEST: Duration = Duration::from_millis(50);

/// From how many tasks on that are not in the search index, or not in the counts, some are put there
/// with a commit. A writer that has nothing else to do puts them there anyway.
const MANY: i64 = 1024;
/// How many are put into the index with a commit where far more wait: whoever waits for the commit waits
/// for these too. A commit adds no more tasks than it has jobs.
const SOME: i64 = 256;

/// How many log entries beyond the retention are left in the file, where nobody sees them: removing
/// them with every commit writes a third more of the log's pages.
const SPARE_LOGS: u32 = 512;

/// Jobs that share a commit.
pub(super) struct Batch<'a> {
    jobs: &'a Jobs,
    faults: &'a Faults,
    clock: &'a dyn Clock,
    retention: u32,
    health: &'a Health,
    /// What each caller is told, once the commit is durable.
    answers: Vec<(Done, Result<(), StoreError>)>,
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
            answers: Vec::new(),
            entries: VecDeque::new(),
            flushes: Vec::new(),
            stop: None,
        }
    }

    /// Runs the jobs that are waiting, commits and answers everybody. Gives back who asked to stop.
    pub(super) fn run(
        mut self,
        connection: &mut SqliteConnection,
        opened: Option<&Opened>,
    ) -> Option<Done> {
        if let Some((queued, budget)) = self.jobs.next_long() {
            let (jobs, begun) = (self.jobs, Instant::now());
            self.run_long(queued.job, budget, connection, opened);
            jobs.long_took(begun.elapsed());
            return None;
        }
        // Nothing is written, and no lock asked for, when nobody wants it.
        let reads_alone = |job: &Job, entries: bool| !matches!(job, Job::Write(..)) && !entries;
        self.run_jobs(connection, reads_alone).expect("only a write can lose its transaction");
        if !self.jobs.has_something_to_write() {
            self.answer(None);
            return self.stop;
        }
        let run = |batch: &mut Self, connection: &mut SqliteConnection| {
            batch.run_jobs(connection, |_, _| true)
        };
        let fault = self.commit(connection, opened, run);
        if fault.is_some() && self.answers.is_empty() {
            self.give_up();
        }
        self.answer(fault.as_ref());
        self.stop
    }

    /// Runs a job that may take up to `budget` and commits it alone: whoever else writes shares
    /// neither its time nor its outcome.
    fn run_long(
        mut self,
        job: Job,
        budget: Duration,
        connection: &mut SqliteConnection,
        opened: Option<&Opened>,
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
            self.note(job);
        }
        self.answer(fault.as_ref());
    }

    /// Writes the log entries that are waiting and what `run` does; returns what went wrong.
    fn commit(
        &mut self,
        connection: &mut SqliteConnection,
        opened: Option<&Opened>,
        run: impl FnMut(&mut Self, &mut SqliteConnection) -> QueryResult<()>,
    ) -> Option<StoreError> {
        let check = opened.map_or(Ok(()), Opened::check);
        let fault = check.err().or_else(|| self.write(connection, run));
        if let Some(fault) = &fault {
            log::error!("a commit failed, and everything in it is undone: {fault}");
            self.jobs.put_back(std::mem::take(&mut self.entries));
        }
        fault
    }

    /// Writes what is waiting; gives back what went wrong.
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
        // What went wrong first is the fault: a transaction that SQLite ends takes its savepoints
        // along, and what is said of those tells nobody anything.
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
        // A fault of derived data does not undo the jobs. Upkeep meets it too, and logs it.
        if backlog.uncounted >= MANY {
            transaction::in_savepoint(connection, |it| (count_tasks(it).is_ok(), ()))?;
        }
        if backlog.unindexed >= MANY {
            let tasks = if backlog.unindexed > 4 * MANY { SOME } else { MANY };
            transaction::in_savepoint(connection, |it| (index_some(it, tasks).is_ok(), ()))?;
        }
        Ok(())
    }

    /// Takes all jobs that are waiting, without doing them: a transaction that does not get as far
    /// as them fails again, and whoever waits would wait for as long as it does.
    fn give_up(&mut self) {
        while self.stop.is_none()
            && let Some(next) = self.jobs.next_if(|_, _| true)
        {
            self.note(next.queued.job);
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

    /// Stores the log entries that are waiting.
    fn store_entries(&mut self, connection: &mut SqliteConnection) -> QueryResult<()> {
        let mut entries = self.jobs.take_entries();
        let mut memory = self.memory(connection);
        let stored = entries.iter().try_for_each(|entry| memory.insert_log(entry));
        self.entries.append(&mut entries);
        stored
    }

    /// Runs jobs for as long as the next is wanted, which may depend on whether log entries are
    /// waiting. An error means that the transaction is lost.
    fn run_jobs(
        &mut self,
        connection: &mut SqliteConnection,
        wanted: impl Fn(&Job, bool) -> bool,
    ) -> QueryResult<()> {
        let until = Instant::now() + LONGEST;
        while self.answers.len() < MOST_JOBS && self.stop.is_none() && Instant::now() < until {
            let Some(next) = self.jobs.next_if(&wanted) else { break };
            if next.behind_entries && !matches!(next.queued.job, Job::Write(..)) {
                // They were left before this job, which wants to see them.
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
            Job::Write(work, done) => match self.in_savepoint(work, until, connection) {
                Ok(answer) => self.answers.push((done, answer)),
                Err(error) => {
                    // It is told what became of the transaction.
                    self.answers.push((done, Ok(())));
                    return Err(error);
                }
            },
            Job::Read(work, done) => {
                let mut memory = self.memory(connection).until(until);
                let ran = catch_unwind(AssertUnwindSafe(|| work(&mut memory)));
                self.answers.push((done, ran.map(|_| ()).map_err(|_| panicked())));
            }
            job => self.note(job),
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

    fn answer(&mut self, fault: Option<&StoreError>) {
        for (done, answer) in self.answers.drain(..) {
            let answer = fault.map_or(answer, |fault| Err(fault.clone()));
            // Who has gone away needs no answer.
            let _ = done.send(answer);
        }
        // Who waits for the log entries of others reads without them rather than not at all.
        for done in self.flushes.drain(..) {
            let _ = done.send(Ok(()));
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
