//! The way to the threads that read: whoever is free takes reads that are waiting. Who asks waits
//! without a thread.
//!
//! Reads are handed over only after whoever else is ready to run has run: of the calls that came
//! together, all have left their reads by then, and one thread takes them at once. Waking a thread
//! for each, and each caller for its answer, would cost more than the reads.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use std::{io, thread};

use mcp_core::Timestamp;
use mcp_core::memory::{Memory, StoreError, Work};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::yield_now;

use crate::jobs::{Done, closed};

/// How many reads may wait. Who comes then waits for a place, which costs no thread either.
const PLACES: usize = 1024;

/// How many threads that share are called as soon as there is a read, and how many reads wait before
/// more are.
const AWAKE: usize = 2;
const BACKLOG: usize = 4;

/// The threads and what is waiting for them.
pub(crate) struct Reads {
    /// What has come since something was handed over.
    gathered: Mutex<Vec<Read>>,
    waiting: Arc<Waiting>,
    places: Semaphore,
}

/// The reads that no thread has taken yet.
struct Waiting {
    queue: Mutex<Queue>,
    called: Condvar,
    /// How many a thread takes at once at most.
    most_at_once: usize,
    /// How many threads there are.
    threads: usize,
}

#[derive(Default)]
struct Queue {
    reads: VecDeque<Read>,
    /// How many threads sleep and were not called.
    idle: usize,
    /// How many were called and have not woken up yet.
    called: usize,
    closed: bool,
}

/// A read whose turn it is.
pub(crate) struct Read {
    now: Timestamp,
    asked_at: Instant,
    work: Work,
    done: Done,
}

impl Read {
    /// When it was asked for.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "a file never goes away"))]
    pub(crate) fn asked_at(&self) -> Instant {
        self.asked_at
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
            called: Condvar::new(),
            most_at_once,
            threads: threads as usize,
        };
        let waiting = Arc::new(waiting);
        let (gathered, places) = (Mutex::default(), Semaphore::new(PLACES));
        let reads = Self { gathered, waiting: Arc::clone(&waiting), places };
        for _ in 0..threads {
            let (waiting, run) = (Arc::clone(&waiting), run.clone());
            thread::Builder::new().name(name.into()).spawn(move || waiting.serve(run))?;
        }
        Ok(reads)
    }

    /// Runs a work on a thread that reads.
    pub(crate) async fn read(&self, now: Timestamp, work: Work) -> Result<(), StoreError> {
        let _place = self.places.acquire().await.map_err(|_| closed())?;
        let (done, outcome) = oneshot::channel();
        self.gathered().push(Read { now, asked_at: Instant::now(), work, done });
        yield_now().await;
        // Nothing, where another call has handed this one's over. (Who goes away before it comes here
        // leaves a read behind that nobody waits for.)
        let gathered = std::mem::take(&mut *self.gathered());
        self.waiting.put(gathered);
        outcome.await.unwrap_or_else(|_| Err(closed()))
    }

    fn gathered(&self) -> MutexGuard<'_, Vec<Read>> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes no more reads; those that are waiting are still done, and then the threads end.
    pub(crate) fn close(&self) {
        self.waiting.lock().closed = true;
        self.waiting.called.notify_all();
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
        // A thread that is awake looks for more before it sleeps, and many reads at once cost less
        // than many threads: others are called only when those two are long at it.
        let awake = self.threads - queue.idle;
        let is_enough = self.most_at_once > 1 && awake >= AWAKE && queue.reads.len() < BACKLOG;
        let wanted = if is_enough { 0 } else { came.div_ceil(self.most_at_once) };
        for _ in 0..wanted.min(queue.idle) {
            queue.idle -= 1;
            queue.called += 1;
            self.called.notify_one();
        }
    }

    /// A thread's life. What it reads with is gone when it ends.
    fn serve(&self, run: impl Fn(Vec<Read>)) {
        while let Some(reads) = self.take() {
            run(reads);
        }
    }

    /// The reads to run next, waiting for some; `None` at the end.
    fn take(&self) -> Option<Vec<Read>> {
        let mut queue = self.lock();
        loop {
            if !queue.reads.is_empty() {
                let share = queue.reads.len().min(self.most_at_once);
                return Some(queue.reads.drain(..share).collect());
            }
            if queue.closed {
                return None;
            }
            queue.idle += 1;
            let sleeps = |queue: &mut Queue| queue.called == 0 && !queue.closed;
            let woken = self.called.wait_while(queue, sleeps);
            queue = woken.unwrap_or_else(PoisonError::into_inner);
            queue.called = queue.called.saturating_sub(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
