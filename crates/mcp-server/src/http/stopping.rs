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

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use tokio::sync::watch;
use tokio::time::sleep;

use super::held::Held;

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
#[derive(Clone, Debug, Default)]
pub(super) struct Activity(Rc<State>);

#[derive(Debug, Default)]
struct State {
    /// Whether something was read that no request has come of yet: a part of a head.
    has_read: Cell<bool>,
    /// Requests whose answers are not sent.
    requests: Cell<usize>,
}

impl Activity {
    pub(super) fn read(&self) {
        self.0.has_read.set(true);
    }

    pub(super) fn is_idle(&self) -> bool {
        !self.0.has_read.get() && self.0.requests.get() == 0
    }

    fn request(&self) -> InHand {
        self.0.requests.set(self.0.requests.get() + 1);
        InHand(Rc::clone(&self.0))
    }
}

/// A request until its answer is sent or dropped.
struct InHand(Rc<State>);

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.has_read.set(false);
        self.0.requests.set(self.0.requests.get().saturating_sub(1));
    }
}

/// The layer that knows what is in hand, and says on an answer after the order to stop that it is the
/// connection's last.
pub(super) async fn last_answer(
    stopping: Stopping,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let in_hand = request.conn_data::<Activity>().map(Activity::request);
    let mut answer = next.call(request).await?;
    if stopping.has_begun() {
        answer.response_mut().head_mut().set_connection_type(actix_http::ConnectionType::Close);
    }
    Ok(answer.map_body(|_, body| Held::new(body, in_hand).boxed()))
}
