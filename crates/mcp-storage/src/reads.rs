//! The way to the threads that read: whoever is free takes reads that are waiting. Who asks waits
//! without a thread.
//!
//! Reads are handed over only after whoever else is ready to run has run: of the calls that came
//! together, all have left their reads by then, and one thread takes them at once. Waking a thread
//! for each, and each caller for its answer, would cost more than the reads.
//!
//! Threads that take several reads work from memory more than they wait for a disk: more of them than
//! there are cores get in each other's way. The others are called when those are held up. Nor do they
//! push aside who calls them, who would leave them one read where there could be many.

use std::collections::VecDeque;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

use mcp_core::Timestamp;
use mcp_core::memory::{Memory, StoreError, Work};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::jobs::{Done, closed};
use crate::scheduling::wait_for_turn;

/// How many reads may wait. Who comes then waits for a place, which costs no thread either.
const PLACES: usize = 1024;
/// How long reads wait that nobody takes, before more threads than there are cores are called.
const PATIENCE: Duration = Duration::from_millis(2);

/// How long it is at most between two looks at whether the others are to be called.
const LONGEST_PATIENCE: Duration = Duration::from_millis(128);

/// The threads and what is waiting for them.
pub(crate) struct Reads {
    /// What has come since something was handed over.
    gathered: Mutex<Vec<Read>>,
    waiting: Arc<Waiting>,
    places: Arc<Semaphore>,
}

/// The reads that no thread has taken yet.
struct Waiting {
    queue: Mutex<Queue>,
    /// How each thread is called.
    threads: Vec<Condvar>,
    /// How many a thread takes at once at most.
    most_at_once: usize,
    /// How many of them can be at it at the same time.
    cores: usize,
}

#[derive(Default)]
struct Queue {
    reads: VecDeque<Read>,
    /// The threads that sleep and were not called, who came last at the end.
    idle: Vec<usize>,
    /// When a thread took reads last.
    taken_at: Option<Instant>,
    closed: bool,
}

/// A read whose turn it is.
pub(crate) struct Read {
    now: Timestamp,
    asked_at: Instant,
    /// How long the work may take; none for short ones.
    budget: Option<Duration>,
    work: Work,
    done: Done,
    /// Its place, also where its caller has gone away.
    _place: OwnedSemaphorePermit,
}

impl Read {
    /// Whether the caller still waits for the result. A read without a caller is not run.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.done.is_closed()
    }

    /// When it was asked for.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "a file never goes away"))]
    pub(crate) fn asked_at(&self) -> Instant {
        self.asked_at
    }

    /// When its time is used up, if it begins now; none for short reads.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.budget.map(|budget| Instant::now() + budget)
    }

    /// The time that it sees.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Runs it; what is to be told the caller comes with the way to it.
    pub(crate) fn run(self, memory: &mut dyn Memory) -> (Done, Result<(), StoreError>) {
        let ran = catch_unwind(AssertUnwindSafe(|| (self.work)(memory)));
        let answer = ran.map(|_| ()).map_err(|_| StoreError::Failed("the work panicked".into()));
        (self.done, answer)
    }

    /// Tells the caller why it was not run.
    pub(crate) fn refuse(self, fault: &StoreError) {
        let _ = self.done.send(Err(fault.clone()));
    }
}

impl Reads {
    /// Starts threads, each of which takes up to `most_at_once` reads at once and runs them.
    pub(crate) fn start<F>(
        name: &str,
        threads: u32,
        most_at_once: usize,
        run: F,
    ) -> io::Result<Self>
    where
        F: Fn(Vec<Read>) + Clone + Send + 'static,
    {
        let waiting = Waiting {
            queue: Mutex::default(),
            threads: (0..threads).map(|_| Condvar::new()).collect(),
            most_at_once,
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

    /// Runs a work on a reader thread. If the future is dropped before a thread has begun the work,
    /// the work is not run.
    pub(crate) async fn read(&self, now: Timestamp, work: Work) -> Result<(), StoreError> {
        self.read_within(now, None, work).await
    }

    /// The same with a work that may take up to `budget`.
    pub(crate) async fn read_within(
        &self,
        now: Timestamp,
        budget: Option<Duration>,
        work: Work,
    ) -> Result<(), StoreError> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| closed())?;
        // Declared before the channel: if the future is dropped, the channel closes first, and the
        // threads see that this read has no caller.
        let handover = Handover(self);
        let (done, mut outcome) = oneshot::channel();
        self.gathered().push(Read {
            now,
            asked_at: Instant::now(),
            budget,
            work,
            done,
            _place: place,
        });
        yield_now().await;
        drop(handover);
        let mut patience = PATIENCE;
        loop {
            match timeout(patience, &mut outcome).await {
                Ok(outcome) => return outcome.unwrap_or_else(|_| Err(closed())),
                Err(_) => self.waiting.hurry(),
            }
            // Where that did not help, asking more often would not either.
            patience = (patience * 2).min(LONGEST_PATIENCE);
        }
    }

    fn gathered(&self) -> MutexGuard<'_, Vec<Read>> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes no more reads; those that are waiting are still done, and then the threads end.
    pub(crate) fn close(&self) {
        self.waiting.lock().closed = true;
        self.waiting.threads.iter().for_each(Condvar::notify_one);
    }
}

/// Hands the gathered reads to the threads when it is dropped: the hand-over must not depend on a
/// future that is polled again.
struct Handover<'a>(&'a Reads);

impl Drop for Handover<'_> {
    fn drop(&mut self) {
        // Empty if another call has handed this one's read over.
        let gathered = std::mem::take(&mut *self.0.gathered());
        self.0.waiting.put(gathered);
    }
}

impl Drop for Reads {
    /// A store that is dropped without being closed leaves no threads behind.
    fn drop(&mut self) {
        self.close();
    }
}

impl Waiting {
    /// Wakes threads for reads, if they are needed. Those that come after the end are dropped, by
    /// which their callers know.
    fn put(&self, reads: Vec<Read>) {
        if reads.is_empty() {
            return;
        }
        let mut queue = self.lock();
        if queue.closed {
            return;
        }
        let came = reads.len();
        queue.reads.extend(reads);
        let wanted = if self.most_at_once == 1 {
            came
        } else {
            // Who is awake looks for more before it sleeps.
            let awake = self.threads.len() - queue.idle.len();
            usize::from(awake < self.cores || queue.is_held_up())
        };
        self.call(&mut queue, wanted);
    }

    /// Calls another thread for reads that nobody has taken for long: those that are awake are at
    /// something that takes its time.
    fn hurry(&self) {
        let mut queue = self.lock();
        if queue.is_held_up() {
            self.call(&mut queue, 1);
        }
    }

    /// Calls threads, those first that have slept the shortest: what they work with is still at hand.
    fn call(&self, queue: &mut Queue, wanted: usize) {
        for thread in queue.idle.drain(queue.idle.len().saturating_sub(wanted)..).rev() {
            self.threads[thread].notify_one();
        }
    }

    /// A thread's life. What it reads with is gone when it ends.
    fn serve(&self, thread: usize, run: impl Fn(Vec<Read>)) {
        if self.most_at_once > 1 {
            wait_for_turn();
        }
        while let Some(reads) = self.take(thread) {
            run(reads);
        }
    }

    /// The reads to run next, waiting for some; `None` at the end.
    fn take(&self, thread: usize) -> Option<Vec<Read>> {
        let mut queue = self.lock();
        loop {
            if !queue.reads.is_empty() {
                queue.taken_at = Some(Instant::now());
                let share = queue.reads.len().min(self.most_at_once);
                return Some(queue.reads.drain(..share).collect());
            }
            if queue.closed {
                return None;
            }
            queue.idle.push(thread);
            let sleeps = |queue: &mut Queue| queue.idle.contains(&thread) && !queue.closed;
            let woken = self.threads[thread].wait_while(queue, sleeps);
            queue = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Whether the next read has waited for so long, and nobody has taken one meanwhile.
    fn is_held_up(&self) -> bool {
        let is_long_ago = |at: Instant| at.elapsed() >= PATIENCE;
        self.reads.front().is_some_and(|read| is_long_ago(read.asked_at))
            && self.taken_at.is_none_or(is_long_ago)
    }
}
