//! The reader threads and their queue. Callers wait without a thread.
//!
//! Reads are handed over only after the other ready tasks have run. Then all calls that came
//! together have queued their reads, and one thread takes them at once. Waking a thread for each
//! read, and each caller for its outcome, would cost more than the reads.
//!
//! Threads that take several reads work from memory more than they wait for a disk: more threads
//! than cores slow each other down. The others are woken only if those are held up. Woken threads
//! also do not preempt the waker (`wait_for_turn`), which would leave them one read instead of
//! many.

use std::collections::VecDeque;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{io, thread};

use mcp_core::Timestamp;
use mcp_core::memory::{Memory, StoreError, Work};
use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::jobs::{OutcomeSender, closed};
use crate::scheduling::wait_for_turn;

/// The number of reads that may wait. Further callers wait for a place, also without a thread.
const PLACES: usize = 1024;
/// How long reads may wait for a thread before more threads than cores are woken.
const HELD_UP: Duration = Duration::from_millis(2);
/// The maximum pause between two checks of that.
const MAX_CHECK_PAUSE: Duration = Duration::from_millis(128);

/// The reader threads and the reads that wait for them.
pub(crate) struct Reads {
    /// The reads that are not handed over yet.
    gathered: Mutex<Vec<Read>>,
    waiting: Arc<ReadQueue>,
    places: Arc<Semaphore>,
}

/// The reads that no thread has taken yet.
struct ReadQueue {
    state: Mutex<QueueState>,
    /// Wakes each thread.
    threads: Vec<Condvar>,
    /// The maximum number of reads that a thread takes at once.
    max_at_once: usize,
    cores: usize,
}

#[derive(Default)]
struct QueueState {
    reads: VecDeque<Read>,
    /// The sleeping threads, in the order in which they fell asleep.
    idle: Vec<usize>,
    /// When a thread last took reads.
    taken_at: Option<Instant>,
    closed: bool,
}

/// A read that waits for a thread.
pub(crate) struct Read {
    now: Timestamp,
    requested: Instant,
    /// The maximum duration of a long work; `None` for short ones.
    budget: Option<Duration>,
    work: Work,
    sender: OutcomeSender,
    /// Occupied until the read is done, even if its caller is gone.
    _place: OwnedSemaphorePermit,
}

impl Read {
    /// Returns whether the caller still waits. A read without a caller is not run.
    pub(crate) fn has_caller(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Returns when the read was requested.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(dead_code, reason = "only PostgreSQL has outages")
    )]
    pub(crate) fn requested(&self) -> Instant {
        self.requested
    }

    /// Returns the deadline if the read begins now; `None` for short reads.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.budget.map(|budget| Instant::now() + budget)
    }

    /// Returns the current time for the work.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Runs the work. Returns the outcome and its sender.
    pub(crate) fn run(self, memory: &mut dyn Memory) -> (OutcomeSender, Result<(), StoreError>) {
        let ran = catch_unwind(AssertUnwindSafe(|| (self.work)(memory)));
        let outcome = ran.map(|_| ()).map_err(|_| StoreError::Failed("the work panicked".into()));
        (self.sender, outcome)
    }

    /// Sends an error to the caller, without running the work.
    pub(crate) fn reject(self, fault: &StoreError) {
        let _ = self.sender.send(Err(fault.clone()));
    }
}

impl Reads {
    /// Starts the threads. Each takes up to `max_at_once` reads at once and runs them.
    pub(crate) fn start<F>(name: &str, threads: u32, max_at_once: usize, run: F) -> io::Result<Self>
    where
        F: Fn(Vec<Read>) + Clone + Send + 'static,
    {
        let waiting = ReadQueue {
            state: Mutex::default(),
            threads: (0..threads).map(|_| Condvar::new()).collect(),
            max_at_once,
            cores: thread::available_parallelism().map_or(1, NonZero::get),
        };
        let waiting = Arc::new(waiting);
        let (gathered, places) = (Mutex::default(), Arc::new(Semaphore::new(PLACES)));
        let reads = Self { gathered, waiting: Arc::clone(&waiting), places };
        for thread in 0..waiting.threads.len() {
            let (waiting, run) = (Arc::clone(&waiting), run.clone());
            thread::Builder::new().name(name.into()).spawn(move || waiting.serve(thread, run))?;
        }
        Ok(reads)
    }

    /// Runs a work on a reader thread. If the future is dropped before the work has begun, the work
    /// is not run.
    pub(crate) async fn read(&self, now: Timestamp, work: Work) -> Result<(), StoreError> {
        self.read_within(now, None, work).await
    }

    /// Runs a work that may take up to `budget`.
    pub(crate) async fn read_within(
        &self,
        now: Timestamp,
        budget: Option<Duration>,
        work: Work,
    ) -> Result<(), StoreError> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| closed())?;
        // Declared before the channel: if the future is dropped, the channel closes first, and the
        // threads see that the read has no caller.
        let handover = Handover(self);
        let (sender, mut outcome) = oneshot::channel();
        self.gathered.lock().push(Read {
            now,
            requested: Instant::now(),
            budget,
            work,
            sender,
            _place: place,
        });
        yield_now().await;
        drop(handover);
        let mut pause = HELD_UP;
        loop {
            match timeout(pause, &mut outcome).await {
                Ok(outcome) => return outcome.unwrap_or_else(|_| Err(closed())),
                Err(_) => self.waiting.hurry(),
            }
            // If waking a thread did not help, waking more at the same pace would not either.
            pause = (pause * 2).min(MAX_CHECK_PAUSE);
        }
    }

    /// Accepts no more reads. The threads run the waiting ones, and then end.
    pub(crate) fn close(&self) {
        self.waiting.state.lock().closed = true;
        for thread in &self.waiting.threads {
            thread.notify_one();
        }
    }
}

/// Hands the gathered reads to the threads on drop, because the future may never be polled again.
struct Handover<'a>(&'a Reads);

impl Drop for Handover<'_> {
    fn drop(&mut self) {
        // Empty if another call has handed over this one's read.
        let gathered = std::mem::take(&mut *self.0.gathered.lock());
        self.0.waiting.put(gathered);
    }
}

impl Drop for Reads {
    /// Ends the threads of a store that is dropped without being closed.
    fn drop(&mut self) {
        self.close();
    }
}

impl ReadQueue {
    /// Adds reads, and wakes the threads that they need. Reads after the end are dropped, which tells
    /// their callers.
    fn put(&self, reads: Vec<Read>) {
        if reads.is_empty() {
            return;
        }
        let mut queue = self.state.lock();
        if queue.closed {
            return;
        }
        let came = reads.len();
        queue.reads.extend(reads);
        let wanted = if self.max_at_once == 1 {
            came
        } else {
            // Threads that are awake take more reads before they sleep.
            let awake = self.threads.len() - queue.idle.len();
            usize::from(awake < self.cores || queue.is_held_up())
        };
        self.wake(&mut queue, wanted);
    }

    /// Wakes another thread if reads have waited for long: the threads that are awake are held up.
    fn hurry(&self) {
        let mut queue = self.state.lock();
        if queue.is_held_up() {
            self.wake(&mut queue, 1);
        }
    }

    /// Wakes threads. The last to fall asleep come first: their caches are warm.
    fn wake(&self, queue: &mut QueueState, wanted: usize) {
        for thread in queue.idle.drain(queue.idle.len().saturating_sub(wanted)..).rev() {
            self.threads[thread].notify_one();
        }
    }

    /// Runs a reader thread. Its connection is closed when it ends.
    fn serve(&self, thread: usize, run: impl Fn(Vec<Read>)) {
        if self.max_at_once > 1 {
            wait_for_turn();
        }
        while let Some(reads) = self.take(thread) {
            run(reads);
        }
    }

    /// Waits for reads and takes them. Returns `None` after the end.
    fn take(&self, thread: usize) -> Option<Vec<Read>> {
        let mut queue: MutexGuard<'_, QueueState> = self.state.lock();
        loop {
            if !queue.reads.is_empty() {
                queue.taken_at = Some(Instant::now());
                let share = queue.reads.len().min(self.max_at_once);
                return Some(queue.reads.drain(..share).collect());
            }
            if queue.closed {
                return None;
            }
            queue.idle.push(thread);
            let sleeps = |queue: &mut QueueState| queue.idle.contains(&thread) && !queue.closed;
            self.threads[thread].wait_while(&mut queue, sleeps);
        }
    }
}

impl QueueState {
    /// Returns whether the next read has waited for long, and no thread has taken one meanwhile.
    fn is_held_up(&self) -> bool {
        let is_long_ago = |at: Instant| at.elapsed() >= HELD_UP;
        self.reads.front().is_some_and(|read| is_long_ago(read.requested))
            && self.taken_at.is_none_or(is_long_ago)
    }
}
