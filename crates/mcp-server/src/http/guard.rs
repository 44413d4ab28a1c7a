//! A layer that looks at a request's head and lets it pass or answers in its stead.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
};

use actix_web::{
    Error, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
};

use super::error::ApiError;

/// A rule about a request's head.
pub trait Check: Clone + 'static {
    /// Nothing when the request may pass.
    fn check(&self, request: &ServiceRequest) -> Result<(), ApiError>;
}

/// Wraps an app, scope, resource or route in a [`Check`].
///
/// A refusal is an answer and not an error, so the layers around it add their headers to it.
#[derive(Debug, Clone)]
pub struct Guard<C>(pub C);

impl<C, S, B> Transform<S, ServiceRequest> for Guard<C>
where
    C: Check,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type InitError = ();
    type Transform = Guarded<C, S>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(Guarded { check: self.0.clone(), service }))
    }
}

/// What [`Guard`] makes of a service.
#[derive(Debug)]
pub struct Guarded<C, S> {
    check: C,
    service: S,
}

impl<C, S, B> Service<ServiceRequest> for Guarded<C, S>
where
    C: Check,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        match self.check.check(&request) {
            Ok(()) => {
                let answer = self.service.call(request);
                Box::pin(async move { answer.await.map(ServiceResponse::map_into_left_body) })
            }
            Err(refusal) => {
                let answer = request.into_response(refusal.error_response());
                Box::pin(ready(Ok(answer.map_into_right_body())))
            }
        }
    }
}
