//! The writer's queue: bounded, in order. Log entries that belong to no write wait beside it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mcp_core::domain::LogEntry;
use mcp_core::memory::{StoreError, Work};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// How long log entries may wait for a commit to share: nobody waits for them.
const ENTRIES_WAIT: Duration = Duration::from_millis(100);
/// How long the writer serves other jobs after a long one at least.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
/// How many bytes of log entries wait before they are stored without waiting longer.
const ENTRIES_BYTES: usize = 4 * 1024 * 1024;

/// Where a job's outcome goes.
pub(crate) type Done = oneshot::Sender<Result<(), StoreError>>;

/// What the writer is asked to do.
pub(crate) enum Job {
    /// Run a work in a savepoint and answer after the commit.
    Write(Work, Done),
    /// Run a work that only reads (a database in memory has no other connection).
    Read(Work, Done),
    /// Answer when everything before is committed.
    Flush(Done),
    /// Commit, let go of the database and end.
    Stop(Done),
}

impl Job {
    /// Whether the caller still waits for the outcome. A job without a caller is skipped, except a
    /// stop.
    fn is_wanted(&self) -> bool {
        match self {
            Self::Write(_, done) | Self::Read(_, done) | Self::Flush(done) => !done.is_closed(),
            Self::Stop(_) => true,
        }
    }
}

/// A job and its place in the queue, which is free again when the job is done.
pub(crate) struct Queued {
    pub(crate) job: Job,
    _place: OwnedSemaphorePermit,
}

/// A job whose turn it is.
pub(crate) struct Next {
    pub(crate) queued: Queued,
    /// Whether log entries are waiting that were left before it was taken.
    pub(crate) behind_entries: bool,
}

/// What is waiting for the writer.
pub(crate) struct Jobs {
    waiting: Mutex<Waiting>,
    /// Told when there is something to do for a writer that sleeps.
    called: Condvar,
    places: Arc<Semaphore>,
    /// More entries than are kept need not be stored: a later one would take their place at once.
    retention: usize,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Queued>,
    /// Jobs that may take long. Each has a transaction of its own.
    long: VecDeque<(Queued, Duration)>,
    /// When the next long job may begin; none before the first.
    long_from: Option<Instant>,
    entries: VecDeque<LogEntry>,
    entries_bytes: usize,
    /// When the entries are stored at the latest; none where there are none.
    entries_until: Option<Instant>,
    /// The number of entries that were taken and lost.
    lost_entries: u64,
    sleeping: bool,
    closed: bool,
}

/// Why the writer is called.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// There are jobs, or entries that have waited long enough.
    Work,
    /// There has been nothing to do for as long as was asked.
    Idle,
    /// Nobody can put jobs any more.
    Abandoned,
}

impl Jobs {
    /// A queue of that many places.
    pub(crate) fn new(places: u32, retention: u32) -> Self {
        Self {
            waiting: Mutex::default(),
            called: Condvar::new(),
            places: Arc::new(Semaphore::new(places as usize)),
            retention: retention as usize,
        }
    }

    /// Puts a job into the queue if there is room. The writer is to be called for it.
    pub(crate) fn try_put(&self, job: Job) -> Result<(), StoreError> {
        let place = self.try_place()?;
        self.push(job, place)
    }

    /// Puts a job into the queue that may take up to `budget`, if there is room. The writer is to be
    /// called for it.
    pub(crate) fn try_put_long(&self, job: Job, budget: Duration) -> Result<(), StoreError> {
        let place = self.try_place()?;
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(closed());
        }
        waiting.long.push_back((Queued { job, _place: place }, budget));
        Ok(())
    }

    fn try_place(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        let place = || Arc::clone(&self.places).try_acquire_owned();
        let place = place().or_else(|_| {
            let mut waiting = self.lock();
            waiting.jobs.retain(|queued| queued.job.is_wanted());
            waiting.long.retain(|(queued, _)| queued.job.is_wanted());
            drop(waiting);
            place()
        });
        place.map_err(|_| StoreError::Busy)
    }

    /// Puts a job into the queue, after waiting for room. The writer is to be called for it.
    pub(crate) async fn put(&self, job: Job) -> Result<(), StoreError> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| StoreError::Busy)?;
        self.push(job, place)
    }

    fn push(&self, job: Job, place: OwnedSemaphorePermit) -> Result<(), StoreError> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(closed());
        }
        waiting.jobs.push_back(Queued { job, _place: place });
        Ok(())
    }

    /// Wakes the writer for the jobs that were put, if it sleeps.
    pub(crate) fn call(&self) {
        let mut waiting = self.lock();
        if !waiting.jobs.is_empty() || !waiting.long.is_empty() {
            self.wake(&mut waiting);
        }
    }

    /// Leaves a log entry for the next commit. Says whether there are so many bytes of them that
    /// who brings more should wait.
    pub(crate) fn leave(&self, entry: LogEntry) -> Result<bool, StoreError> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(closed());
        }
        if self.retention == 0 {
            return Ok(false);
        }
        waiting.entries_bytes += entry.size();
        waiting.entries.push_back(entry);
        if waiting.entries.len() > self.retention {
            waiting.forget_oldest();
        }
        if waiting.entries_until.is_none() {
            waiting.entries_until = Some(Instant::now() + ENTRIES_WAIT);
            self.wake(&mut waiting);
        }
        let is_much = waiting.entries_bytes > ENTRIES_BYTES;
        if is_much {
            waiting.entries_until = Some(Instant::now());
            self.wake(&mut waiting);
        }
        Ok(is_much)
    }

    /// Wakes the writer, if it sleeps.
    fn wake(&self, waiting: &mut Waiting) {
        if std::mem::take(&mut waiting.sleeping) {
            self.called.notify_one();
        }
    }

    /// Sleeps until there is something to do, or for so long.
    pub(crate) fn wait(&self, idle: Duration) -> Call {
        let idle_until = Instant::now() + idle;
        let mut waiting = self.lock();
        loop {
            let now = Instant::now();
            let long_from = waiting.long_from(now);
            let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
            if !waiting.jobs.is_empty() || is_due(waiting.entries_until) || is_due(long_from) {
                return Call::Work;
            }
            if waiting.closed && long_from.is_none() {
                return Call::Abandoned;
            }
            if idle_until <= now {
                return Call::Idle;
            }
            let until = [waiting.entries_until, long_from].into_iter().flatten().min();
            let until = until.map_or(idle_until, |until| until.min(idle_until));
            waiting.sleeping = true;
            let woken = self.called.wait_timeout(waiting, until - now);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
            waiting.sleeping = false;
        }
    }

    /// The next job that has a caller, if `wanted` accepts it. `wanted` also gets whether log
    /// entries are waiting.
    pub(crate) fn next_if(&self, wanted: impl Fn(&Job, bool) -> bool) -> Option<Next> {
        let mut waiting = self.lock();
        waiting.skip_unwanted();
        let behind_entries = !waiting.entries.is_empty();
        let queued = waiting.jobs.pop_front_if(|queued| wanted(&queued.job, behind_entries))?;
        Some(Next { queued, behind_entries })
    }

    /// The next long job that has a caller, and its budget, if it may begin now.
    pub(crate) fn next_long(&self) -> Option<(Queued, Duration)> {
        let now = Instant::now();
        let mut waiting = self.lock();
        while waiting.long.pop_front_if(|(queued, _)| !queued.job.is_wanted()).is_some() {}
        waiting.long_from(now).filter(|from| *from <= now)?;
        waiting.long.pop_front()
    }

    /// Notes that a long job has taken so long. The next one may begin after the same time: until
    /// then the writer serves the other jobs, whoever sends long ones and however many.
    pub(crate) fn long_took(&self, took: Duration) {
        self.lock().long_from = Some(Instant::now() + took.max(SHORTEST_PAUSE));
    }

    /// Whether the next job writes, or log entries are waiting.
    pub(crate) fn has_something_to_write(&self) -> bool {
        let mut waiting = self.lock();
        waiting.skip_unwanted();
        let writes = |queued: &Queued| matches!(queued.job, Job::Write(..));
        !waiting.entries.is_empty() || waiting.jobs.front().is_some_and(writes)
    }

    /// The log entries that are waiting.
    pub(crate) fn take_entries(&self) -> VecDeque<LogEntry> {
        let mut waiting = self.lock();
        waiting.entries_bytes = 0;
        waiting.entries_until = None;
        std::mem::take(&mut waiting.entries)
    }

    /// Puts entries back that could not be stored. These and all that came meanwhile are tried again
    /// after a second, as far as they are within the bounds.
    pub(crate) fn put_back(&self, mut entries: VecDeque<LogEntry>) {
        let mut waiting = self.lock();
        waiting.entries_bytes += entries.iter().map(LogEntry::size).sum::<usize>();
        entries.append(&mut waiting.entries);
        waiting.entries = entries;
        while waiting.entries.len() > self.retention {
            waiting.forget_oldest();
        }
        let mut lost = 0;
        while waiting.entries_bytes > ENTRIES_BYTES {
            waiting.forget_oldest();
            lost += 1;
        }
        if !waiting.entries.is_empty() {
            waiting.entries_until = Some(Instant::now() + 10 * ENTRIES_WAIT);
        }
        waiting.lose_entries(lost);
    }

    /// Notes that entries are lost.
    #[cfg(feature = "postgres")]
    pub(crate) fn lose_entries(&self, entries: usize) {
        self.lock().lose_entries(entries);
    }

    /// Returns the number of entries that were taken and lost.
    pub(crate) fn lost_entries(&self) -> u64 {
        self.lock().lost_entries
    }

    /// Takes no more jobs, and gives back those that are waiting.
    pub(crate) fn close(&self) -> VecDeque<Queued> {
        let mut waiting = self.lock();
        waiting.closed = true;
        let entries = std::mem::take(&mut waiting.entries);
        waiting.lose_entries(entries.len());
        let long = std::mem::take(&mut waiting.long);
        let mut jobs = std::mem::take(&mut waiting.jobs);
        jobs.extend(long.into_iter().map(|(queued, _)| queued));
        jobs
    }

    /// Tells the writer that there will be no more jobs; what is waiting is still done.
    pub(crate) fn abandon(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        if !waiting.entries.is_empty() {
            waiting.entries_until = Some(Instant::now());
        }
        self.wake(&mut waiting);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// When the next long job may begin; none if none is waiting.
    fn long_from(&self, now: Instant) -> Option<Instant> {
        self.long.front().map(|_| self.long_from.unwrap_or(now))
    }

    /// Drops the jobs at the front whose callers have gone away.
    fn skip_unwanted(&mut self) {
        while self.jobs.pop_front_if(|queued| !queued.job.is_wanted()).is_some() {}
    }

    fn lose_entries(&mut self, entries: usize) {
        if entries > 0 {
            self.lost_entries += entries as u64;
            log::error!("{entries} log entries are lost: they could not be stored");
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.entries_bytes -= entry.size();
        }
    }
}

/// What a call after the end is told.
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
        let large = || entry(&"x".repeat(ENTRIES_BYTES / 4));
        jobs.put_back((0..25).map(|_| entry("")).collect());
        assert_eq!((jobs.lost_entries(), jobs.take_entries().len()), (0, 20));
        jobs.put_back((0..5).map(|_| large()).collect());
        assert_eq!((jobs.lost_entries(), jobs.take_entries().len()), (2, 3));
        for _ in 0..5 {
            jobs.leave(large()).expect("it is open");
        }
        // A transaction that has not begun has taken none.
        jobs.put_back(VecDeque::new());
        assert_eq!((jobs.lost_entries(), jobs.wait(Duration::ZERO)), (4, Call::Idle));
        drop(jobs.close());
        assert_eq!(jobs.lost_entries(), 7);
        jobs.leave(entry("")).expect_err("it is closed");
    }

    #[test]
    fn a_writer_is_called_for_entries_that_are_kept_and_sleeps_where_none_are() {
        for (retention, kept) in [(0, 0), (1, 1), (5, 3)] {
            let jobs = Jobs::new(1, retention);
            for _ in 0..3 {
                assert!(!jobs.leave(entry("")).expect("it is open"));
            }
            let wanted = if kept == 0 { Call::Idle } else { Call::Work };
            assert_eq!(jobs.wait(2 * ENTRIES_WAIT), wanted, "{retention}");
            assert_eq!(jobs.take_entries().len(), kept, "{retention}");
        }
    }
}
