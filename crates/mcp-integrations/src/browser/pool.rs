//! The assignment of browsers to calls.
//!
//! Invariant: there are never more browsers than slots. A call holds a slot; a warm browser uses
//! the slot of an absent call. A browser serves one call and is then replaced. A browser that no
//! call uses ends after a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mcp_core::ActionError;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use super::fault;
use super::session::{Launcher, Session};

/// The number of waiting calls per slot. More are rejected.
const WAITING: usize = 8;

/// The browsers of an engine.
#[derive(Clone)]
pub(super) struct Pool(Arc<PoolState>);

struct PoolState {
    launcher: Launcher,
    size: usize,
    /// One permit for each call that has a slot or waits for one.
    calls: Arc<Semaphore>,
    slots: Arc<Semaphore>,
    /// The browsers that no call uses, and since when.
    warm: Mutex<Vec<(Session, Instant)>>,
    closed: AtomicBool,
}

/// A call in the queue.
pub(super) struct QueuedCall {
    pool: Pool,
    _permit: OwnedSemaphorePermit,
}

/// A call's own browser. Dropping it frees the slot.
pub(super) struct Lease {
    pool: Pool,
    session: Option<Session>,
    slot: Option<OwnedSemaphorePermit>,
    _call: QueuedCall,
}

impl Pool {
    pub(super) fn new(launcher: Launcher) -> Self {
        let size = launcher.settings.pool.clamp(1, 64);
        Self(Arc::new(PoolState {
            launcher,
            size,
            calls: Arc::new(Semaphore::new(size * (1 + WAITING))),
            slots: Arc::new(Semaphore::new(size)),
            warm: Mutex::default(),
            closed: AtomicBool::new(false),
        }))
    }

    /// Puts a call into the queue.
    ///
    /// # Errors
    /// Returns `Busy` if the queue is full, and `Unavailable` after [`close`](Self::close).
    pub(super) fn enqueue(&self) -> Result<QueuedCall, ActionError> {
        if self.is_closed() {
            return Err(fault::closed());
        }
        let permit = Arc::clone(&self.0.calls).try_acquire_owned().map_err(|_| fault::busy())?;
        Ok(QueuedCall { pool: self.clone(), _permit: permit })
    }

    /// Rejects new calls, waits until the running ones have returned their browsers, and ends all
    /// browsers.
    pub(super) async fn close(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
        let all = u32::try_from(self.0.size).unwrap_or(u32::MAX);
        // Taking all slots lets nothing start after this. A second call finds none to take.
        if let Ok(slots) = self.0.slots.acquire_many(all).await {
            slots.forget();
            self.0.slots.close();
        }
        while let Some(session) = self.take_warm() {
            session.end().await;
        }
    }

    fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::SeqCst)
    }

    /// Takes the browser that became free last, so that the others can end.
    fn take_warm(&self) -> Option<Session> {
        self.0.warm.lock().pop().map(|(session, _)| session)
    }

    /// Takes a browser that was free for too long.
    fn take_idle(&self) -> Option<Session> {
        let mut warm = self.0.warm.lock();
        let at = warm.iter().position(|(_, since)| since.elapsed() >= self.idle())?;
        Some(warm.remove(at).0)
    }

    fn idle(&self) -> Duration {
        self.0.launcher.settings.idle
    }

    /// Waits for the idle time, then ends the browsers that were free for that long.
    async fn end_idle(self) {
        sleep(self.idle()).await;
        // Holds a slot, so that no call starts a browser before this one has ended.
        let Ok(_slot) = self.0.slots.acquire().await else { return };
        while let Some(session) = self.take_idle() {
            session.end().await;
        }
    }

    /// Ends a used browser and starts the next one in advance.
    async fn renew(self, used: Session, slot: OwnedSemaphorePermit) {
        used.end().await;
        if !self.is_closed() && !self.idle().is_zero() {
            match self.0.launcher.start().await {
                Ok(session) => {
                    self.0.warm.lock().push((session, Instant::now()));
                    tokio::spawn(self.clone().end_idle());
                }
                // The next call tries again, and returns the error.
                Err(error) => log::warn!("browser: {error}"),
            }
        }
        drop(slot);
    }
}

impl QueuedCall {
    /// Waits for a slot and returns its browser: a warm one, or a new one.
    pub(super) async fn browser(self) -> Result<Lease, ActionError> {
        let pool = self.pool.clone();
        let slots = Arc::clone(&pool.0.slots);
        let slot = slots.acquire_owned().await.map_err(|_| fault::closed())?;
        if pool.is_closed() {
            return Err(fault::closed());
        }
        let mut lease = Lease { pool, session: None, slot: Some(slot), _call: self };
        if let Some(session) = lease.pool.take_warm() {
            lease.session = Some(session);
            if lease.session().is_alive().await {
                return Ok(lease);
            }
            if let Some(session) = lease.session.take() {
                session.end().await;
            }
        }
        lease.session = Some(lease.pool.0.launcher.start().await?);
        Ok(lease)
    }
}

impl Lease {
    pub(super) fn session(&self) -> &Session {
        self.session.as_ref().expect("a lease has a session until it is dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let (Some(session), Some(slot)) = (self.session.take(), self.slot.take())
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(self.pool.clone().renew(session, slot));
        }
    }
}
