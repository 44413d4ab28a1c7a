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

/// The layer around all others. `HttpServer::client_disconnect_timeout` bounds how long a client
/// has to take its answer.
pub async fn close_unread(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let payload = request.take_payload();
    if matches!(payload, Payload::None) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let payload = Shared(Rc::new(RefCell::new(payload)));
    request.set_payload(Payload::Stream { payload: Box::pin(payload.clone()) });
    let answer = next.call(request).await?;
    Ok(answer.map_body(|_, body| Held::new(body, payload).boxed()))
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
