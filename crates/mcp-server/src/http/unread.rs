//! The connection of a request whose body was not read to its end is closed.
//!
//! actix-http closes it when the body has a declared length. A chunked body that nobody holds any
//! more it reads on and throws away, for as long as the client sends: a client could keep a
//! connection, and the server at work, for ever. So the body is held until the answer is sent; then
//! actix-http sees it unread, reads on for the client-disconnect timeout, and closes.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_http::ConnectionType;
use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    middleware::Next,
    web::Bytes,
};
use futures_util::Stream;

use super::held::Held;
use super::stopping::{Activity, InHand};

/// The layer around all others. `HttpServer::client_disconnect_timeout` bounds how long a client
/// has to take its answer. It also tells the connection what is in hand on it, and says on an answer
/// after the order to stop that it is the connection's last.
pub async fn close_unread(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let in_hand = request.conn_data::<Activity>().map(Activity::request);
    let payload = hold(&mut request);
    let mut answer = next.call(request).await?;
    if in_hand.as_ref().is_some_and(InHand::is_last) {
        answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(answer.map_body(|_, body| Held::new(body, (payload, in_hand)).boxed()))
}

/// Holds a request's body, if it has one, beside whoever reads it.
fn hold(request: &mut ServiceRequest) -> Option<Shared> {
    let payload = request.take_payload();
    if matches!(payload, Payload::None) {
        return None;
    }
    let payload = Shared(Rc::new(RefCell::new(payload)));
    request.set_payload(Payload::Stream { payload: Box::pin(payload.clone()) });
    Some(payload)
}

/// A request's body that more than one can hold.
#[derive(Clone)]
struct Shared(Rc<RefCell<Payload>>);

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}
