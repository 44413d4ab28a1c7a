//! An answer's body that keeps something alive until it is sent or dropped.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    web::Bytes,
};

/// A body, and what is let go with it.
#[derive(Debug)]
pub struct Held<T> {
    body: BoxBody,
    _kept: T,
}

impl<T> Held<T> {
    pub(super) fn new(body: impl MessageBody + 'static, kept: T) -> Self {
        Self { body: body.boxed(), _kept: kept }
    }
}

impl<T: Unpin> MessageBody for Held<T> {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
