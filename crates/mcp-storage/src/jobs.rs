//! The writer's queue: bounded and in order. Log entries that belong to no write wait next to it
//! ([`PendingEntries`]).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcp_core::domain::LogEntry;
use mcp_core::memory::{StoreError, Work};
use parking_lot::{Condvar, Mutex};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::log_entries::PendingEntries;

/// The minimum time for other jobs after a long one.
const MIN_PAUSE: Duration = Duration::from_millis(1);

/// The sender of a job's outcome to its caller.
pub(crate) type OutcomeSender = oneshot::Sender<Result<(), StoreError>>;

/// A job of the writer.
pub(crate) enum Job {
    /// Run a work in a savepoint. The outcome is sent after the commit.
    Write(Work, OutcomeSender),
    /// Run a work that only reads: a database in memory has no other connection.
    Read(Work, OutcomeSender),
    /// Send the outcome when all earlier jobs are committed.
    Flush(OutcomeSender),
    /// Commit, close the database and end.
    Stop(OutcomeSender),
}

impl Job {
    /// Returns whether the caller still waits for the outcome. A job without a caller is skipped, except
    /// a stop.
    fn has_caller(&self) -> bool {
        match self {
            Self::Write(_, sender) | Self::Read(_, sender) | Self::Flush(sender) => {
                !sender.is_closed()
            }
            Self::Stop(_) => true,
        }
    }
}

/// A job and its place in the queue, which becomes free when the job is done.
pub(crate) struct QueuedJob {
    pub(crate) job: Job,
    _place: OwnedSemaphorePermit,
}

/// The job at the front of the queue.
pub(crate) struct NextJob {
    pub(crate) queued: QueuedJob,
    /// Whether earlier log entries still wait.
    pub(crate) after_entries: bool,
}

/// The jobs and log entries that wait for the writer.
pub(crate) struct Jobs {
    queue: Mutex<Queue>,
    /// Wakes the writer.
    wake: Condvar,
    places: Arc<Semaphore>,
}

struct Queue {
    jobs: VecDeque<QueuedJob>,
    /// Jobs that may take long. Each has a transaction of its own.
    long: VecDeque<(QueuedJob, Duration)>,
    /// When the next long job may begin; `None` before the first.
    long_from: Option<Instant>,
    entries: PendingEntries,
    is_sleeping: bool,
    is_closed: bool,
}

/// The reason why [`Jobs::wait`] returned.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// There are jobs, or log entries are due.
    Work,
    /// There was nothing to do for the given time.
    Idle,
    /// No more jobs can come.
    Abandoned,
}

impl Jobs {
    /// Creates a queue with this many places.
    pub(crate) fn new(places: u32, retention: u32) -> Self {
        let queue = Queue {
            jobs: VecDeque::new(),
            long: VecDeque::new(),
            long_from: None,
            entries: PendingEntries::new(retention),
            is_sleeping: false,
            is_closed: false,
        };
        Self {
            queue: Mutex::new(queue),
            wake: Condvar::new(),
            places: Arc::new(Semaphore::new(places as usize)),
        }
    }

    /// Puts a job into the queue. [`wake`](Self::wake) is called separately.
    ///
    /// # Errors
    /// Returns `Busy` if the queue is full, `Unavailable` if it is closed.
    pub(crate) fn try_put(&self, job: Job) -> Result<(), StoreError> {
        let place = self.try_place()?;
        self.push(job, place)
    }

    /// Puts a job into the queue that may take up to `budget`.
    ///
    /// # Errors
    /// As [`try_put`](Self::try_put).
    pub(crate) fn try_put_long(&self, job: Job, budget: Duration) -> Result<(), StoreError> {
        let place = self.try_place()?;
        let mut queue = self.queue.lock();
        if queue.is_closed {
            return Err(closed());
        }
        queue.long.push_back((QueuedJob { job, _place: place }, budget));
        Ok(())
    }

    fn try_place(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        let place = || Arc::clone(&self.places).try_acquire_owned();
        let place = place().or_else(|_| {
            let mut queue = self.queue.lock();
            queue.jobs.retain(|queued| queued.job.has_caller());
            queue.long.retain(|(queued, _)| queued.job.has_caller());
            drop(queue);
            place()
        });
        place.map_err(|_| StoreError::Busy)
    }

    /// Waits for a place and puts a job into the queue.
    ///
    /// # Errors
    /// Returns `Unavailable` if the queue is closed.
    pub(crate) async fn put(&self, job: Job) -> Result<(), StoreError> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| StoreError::Busy)?;
        self.push(job, place)
    }

    fn push(&self, job: Job, place: OwnedSemaphorePermit) -> Result<(), StoreError> {
        let mut queue = self.queue.lock();
        if queue.is_closed {
            return Err(closed());
        }
        queue.jobs.push_back(QueuedJob { job, _place: place });
        Ok(())
    }

    /// Wakes the writer if jobs wait and it sleeps.
    pub(crate) fn wake(&self) {
        let mut queue = self.queue.lock();
        if !queue.jobs.is_empty() || !queue.long.is_empty() {
            self.wake_writer(&mut queue);
        }
    }

    /// Adds a log entry to the next commit. Returns whether the pending entries are so large that callers
    /// should wait for that commit.
    ///
    /// # Errors
    /// Returns `Unavailable` if the queue is closed.
    pub(crate) fn add_entry(&self, entry: LogEntry) -> Result<bool, StoreError> {
        let mut queue = self.queue.lock();
        if queue.is_closed {
            return Err(closed());
        }
        let due = queue.entries.due();
        let is_large = queue.entries.push(entry);
        if queue.entries.due() != due {
            self.wake_writer(&mut queue);
        }
        Ok(is_large)
    }

    fn wake_writer(&self, queue: &mut Queue) {
        if std::mem::take(&mut queue.is_sleeping) {
            self.wake.notify_one();
        }
    }

    /// Sleeps until there is something to do, for at most `idle`.
    pub(crate) fn wait(&self, idle: Duration) -> Wake {
        let idle_until = Instant::now() + idle;
        let mut queue = self.queue.lock();
        loop {
            let now = Instant::now();
            let long_from = queue.long_from(now);
            let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
            if !queue.jobs.is_empty() || is_due(queue.entries.due()) || is_due(long_from) {
                return Wake::Work;
            }
            if queue.is_closed && long_from.is_none() {
                return Wake::Abandoned;
            }
            if idle_until <= now {
                return Wake::Idle;
            }
            let until = [queue.entries.due(), long_from].into_iter().flatten().min();
            let until = until.map_or(idle_until, |until| until.min(idle_until));
            queue.is_sleeping = true;
            self.wake.wait_until(&mut queue, until);
            queue.is_sleeping = false;
        }
    }

    /// Takes the next job that has a caller, if `accepts` returns true for it. The second argument of
    /// `accepts` says whether log entries wait.
    pub(crate) fn next_if(&self, accepts: impl Fn(&Job, bool) -> bool) -> Option<NextJob> {
        let mut queue = self.queue.lock();
        queue.skip_abandoned();
        let after_entries = !queue.entries.is_empty();
        let queued = queue.jobs.pop_front_if(|queued| accepts(&queued.job, after_entries))?;
        Some(NextJob { queued, after_entries })
    }

    /// Takes the next long job that has a caller, and its budget, if it may begin now.
    pub(crate) fn next_long(&self) -> Option<(QueuedJob, Duration)> {
        let now = Instant::now();
        let mut queue = self.queue.lock();
        while queue.long.pop_front_if(|(queued, _)| !queued.job.has_caller()).is_some() {}
        queue.long_from(now).filter(|from| *from <= now)?;
        queue.long.pop_front()
    }

    /// Notes the duration of a long job. The next one may begin only after the same time, so that the
    /// writer serves the other jobs for at least half of the time.
    pub(crate) fn long_took(&self, took: Duration) {
        self.queue.lock().long_from = Some(Instant::now() + took.max(MIN_PAUSE));
    }

    /// Returns whether the next job writes, or log entries wait.
    pub(crate) fn has_something_to_write(&self) -> bool {
        let mut queue = self.queue.lock();
        queue.skip_abandoned();
        let writes = |queued: &QueuedJob| matches!(queued.job, Job::Write(..));
        !queue.entries.is_empty() || queue.jobs.front().is_some_and(writes)
    }

    pub(crate) fn take_entries(&self) -> VecDeque<LogEntry> {
        self.queue.lock().entries.take()
    }

    /// Puts back entries that could not be stored, for another attempt after a second.
    pub(crate) fn put_back_entries(&self, entries: VecDeque<LogEntry>) {
        self.queue.lock().entries.put_back(entries);
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn count_lost_entries(&self, entries: usize) {
        self.queue.lock().entries.count_lost(entries);
    }

    /// Returns the number of entries that were accepted and lost.
    pub(crate) fn lost_entries(&self) -> u64 {
        self.queue.lock().entries.lost()
    }

    /// Closes the queue and returns the waiting jobs. Pending log entries are lost.
    pub(crate) fn close(&self) -> VecDeque<QueuedJob> {
        let mut queue = self.queue.lock();
        queue.is_closed = true;
        queue.entries.lose_all();
        let long = std::mem::take(&mut queue.long);
        let mut jobs = std::mem::take(&mut queue.jobs);
        jobs.extend(long.into_iter().map(|(queued, _)| queued));
        jobs
    }

    /// Closes the queue for new jobs. The writer still does the waiting ones, and then ends.
    pub(crate) fn abandon(&self) {
        let mut queue = self.queue.lock();
        queue.is_closed = true;
        queue.entries.hurry();
        self.wake_writer(&mut queue);
    }
}

impl Queue {
    /// Returns when the next long job may begin; `None` if none waits.
    fn long_from(&self, now: Instant) -> Option<Instant> {
        self.long.front().map(|_| self.long_from.unwrap_or(now))
    }

    /// Drops the jobs without callers at the front.
    fn skip_abandoned(&mut self) {
        while self.jobs.pop_front_if(|queued| !queued.job.has_caller()).is_some() {}
    }
}

/// Returns the error of calls after the end.
pub(crate) fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".into())
}

#[cfg(test)]
mod tests {
    use mcp_core::Timestamp;
    use serde_json::value::to_raw_value;

    use super::*;

    fn entry(payload: &str) -> LogEntry {
        LogEntry {
            timestamp: Timestamp::from_micros(0),
            action: "list_users".into(),
            payload: to_raw_value(payload).expect("JSON"),
            status: "success".into(),
        }
    }

    #[test]
    fn entries_that_are_lost_are_counted_and_those_beyond_the_retention_are_not() {
        let jobs = Jobs::new(1, 20);
        let large = || entry(&"x".repeat(1024 * 1024));
        jobs.put_back_entries((0..25).map(|_| entry("")).collect());
        assert_eq!((jobs.lost_entries(), jobs.take_entries().len()), (0, 20));
        jobs.put_back_entries((0..5).map(|_| large()).collect());
        assert_eq!((jobs.lost_entries(), jobs.take_entries().len()), (2, 3));
        for _ in 0..5 {
            jobs.add_entry(large()).expect("it is open");
        }
        // A transaction that has not begun has taken none.
        jobs.put_back_entries(VecDeque::new());
        assert_eq!((jobs.lost_entries(), jobs.wait(Duration::ZERO)), (4, Wake::Idle));
        drop(jobs.close());
        assert_eq!(jobs.lost_entries(), 7);
        jobs.add_entry(entry("")).expect_err("it is closed");
    }

    #[test]
    fn a_writer_is_called_for_entries_that_are_kept_and_sleeps_where_none_are() {
        for (retention, kept) in [(0, 0), (1, 1), (5, 3)] {
            let jobs = Jobs::new(1, retention);
            for _ in 0..3 {
                assert!(!jobs.add_entry(entry("")).expect("it is open"));
            }
            let expected = if kept == 0 { Wake::Idle } else { Wake::Work };
            assert_eq!(jobs.wait(Duration::from_millis(200)), expected, "{retention}");
            assert_eq!(jobs.take_entries().len(), kept, "{retention}");
        }
    }
}
