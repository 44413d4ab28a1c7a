//! Who gets which browser, and when.
//!
//! Invariant: there are never more browsers than slots. A call holds a slot; a browser that is kept
//! warm takes the slot of a call that is not there. A browser serves one call and is thrown away; one
//! that no call takes ends after a while.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mcp_core::ActionError;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use super::fault;
use super::session::{Launcher, Session};

/// How many calls wait for each slot; more are turned away.
const WAITING: usize = 8;

/// The browsers of an engine.
#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    launcher: Launcher,
    size: usize,
    /// Calls that have a slot or wait for one.
    calls: Arc<Semaphore>,
    slots: Arc<Semaphore>,
    /// The browsers that no call uses, with the time since when.
    warm: Mutex<Vec<(Session, Instant)>>,
    closed: AtomicBool,
}

/// A call's place in the queue.
pub(super) struct Place {
    pool: Pool,
    _call: OwnedSemaphorePermit,
}

/// A call's own browser. Dropping it makes room for the next one.
pub(super) struct Lease {
    pool: Pool,
    session: Option<Session>,
    slot: Option<OwnedSemaphorePermit>,
    _place: Place,
}

impl Pool {
    pub(super) fn new(launcher: Launcher) -> Self {
        let size = launcher.settings.pool.clamp(1, 64);
        Self(Arc::new(Shared {
            launcher,
            size,
            calls: Arc::new(Semaphore::new(size * (1 + WAITING))),
            slots: Arc::new(Semaphore::new(size)),
            warm: Mutex::default(),
            closed: AtomicBool::new(false),
        }))
    }

    /// A place in the queue, if there is one.
    pub(super) fn enter(&self) -> Result<Place, ActionError> {
        if self.is_closed() {
            return Err(fault::closed());
        }
        let call = Arc::clone(&self.0.calls).try_acquire_owned().map_err(|_| fault::busy())?;
        Ok(Place { pool: self.clone(), _call: call })
    }

    /// Turns new calls away, waits until those with a browser have given it back, and ends all
    /// browsers.
    pub(super) async fn close(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
        let all = u32::try_from(self.0.size).unwrap_or(u32::MAX);
        // The slots stay taken, so nothing starts after this. Closed twice, there are none to take.
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

    fn warm(&self) -> MutexGuard<'_, Vec<(Session, Instant)>> {
        self.0.warm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The browser that became free last, so that the others can end.
    fn take_warm(&self) -> Option<Session> {
        self.warm().pop().map(|(session, _)| session)
    }

    /// A browser that was free for too long.
    fn take_idle(&self) -> Option<Session> {
        let mut warm = self.warm();
        let at = warm.iter().position(|(_, since)| since.elapsed() >= self.idle())?;
        Some(warm.remove(at).0)
    }

    fn idle(&self) -> Duration {
        self.0.launcher.settings.idle
    }

    /// Ends the browsers that are free for too long, when that time is over for the last of them.
    async fn end_idle(self) {
        sleep(self.idle()).await;
        // In a slot of its own, so that no call starts a browser before this one has ended.
        let Ok(_slot) = self.0.slots.acquire().await else { return };
        while let Some(session) = self.take_idle() {
            session.end().await;
        }
    }

    /// Throws a used browser away and has the next one ready before it is needed.
    async fn renew(self, used: Session, slot: OwnedSemaphorePermit) {
        used.end().await;
        if !self.is_closed() && !self.idle().is_zero() {
            match self.0.launcher.start().await {
                Ok(session) => {
                    self.warm().push((session, Instant::now()));
                    tokio::spawn(self.clone().end_idle());
                }
                // The next call tries again and is told.
                Err(error) => log::warn!("browser: {error}"),
            }
        }
        drop(slot);
    }
}

impl Place {
    /// Waits for a slot and gives its browser: a warm one, or one that is started now.
    pub(super) async fn browser(self) -> Result<Lease, ActionError> {
        let pool = self.pool.clone();
        let slots = Arc::clone(&pool.0.slots);
        let slot = slots.acquire_owned().await.map_err(|_| fault::closed())?;
        if pool.is_closed() {
            return Err(fault::closed());
        }
        let mut lease = Lease { pool, session: None, slot: Some(slot), _place: self };
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
    /// The browser.
    pub(super) fn session(&self) -> &Session {
        self.session.as_ref().expect("a lease has its session from its making to its drop")
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
