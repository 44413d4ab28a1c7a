//! The order to stop, as connections see it: what a client has sent is answered, its last answer says
//! that the connection ends, and a connection on which nothing is in hand is closed a moment later.
//!
//! actix-http closes a connection at once on its own signal, also with a request unread in it.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

/// How long an idle connection stays open after the order: for the request that is on its way.
pub(super) const CLOSING: Duration = Duration::from_millis(250);

/// Whether the server has been told to stop.
#[derive(Clone, Debug)]
pub(super) struct Stopping(Arc<watch::Sender<bool>>);

impl Stopping {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Tells every connection.
    pub(super) fn begin(&self) {
        self.0.send_replace(true);
    }

    fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Ready when idle connections are closed.
    pub(super) fn closing(self) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(async move {
            let mut begun = self.0.subscribe();
            // An error is that of a sender that is gone, which is this one.
            let _ = begun.wait_for(|begun| *begun).await;
            sleep(CLOSING).await;
        })
    }
}

/// What is in hand on a connection.
#[derive(Clone, Debug)]
pub(super) struct Activity(Rc<State>);

#[derive(Debug)]
struct State {
    stopping: Stopping,
    /// Whether something was read that no request has come of yet: a part of a head.
    has_read: Cell<bool>,
    /// Requests whose answers are not sent.
    requests: Cell<usize>,
}

impl Activity {
    pub(super) fn of(stopping: &Stopping) -> Self {
        Self(Rc::new(State {
            stopping: stopping.clone(),
            has_read: Cell::new(false),
            requests: Cell::new(0),
        }))
    }

    pub(super) fn read(&self) {
        self.0.has_read.set(true);
    }

    pub(super) fn is_idle(&self) -> bool {
        !self.0.has_read.get() && self.0.requests.get() == 0
    }

    pub(super) fn request(&self) -> InHand {
        self.0.requests.set(self.0.requests.get() + 1);
        InHand(Rc::clone(&self.0))
    }
}

/// A request until its answer is sent or dropped.
pub(super) struct InHand(Rc<State>);

impl InHand {
    /// Whether its answer is the connection's last.
    pub(super) fn is_last(&self) -> bool {
        self.0.stopping.has_begun()
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.has_read.set(false);
        self.0.requests.set(self.0.requests.get().saturating_sub(1));
    }
}
