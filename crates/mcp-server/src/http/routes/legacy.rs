//! What the old paths say of themselves: `Deprecation` and a `Link` to the successor, in every
//! answer; a line in the server's log, once for each route.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::Error;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::{self, HeaderName, HeaderValue};

use super::Face;

/// RFC 9745 has a date here; the contract's value is the draft's, which clients of the old paths
/// look for.
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");

/// Marks the answers of an old route. On a route that is not old it does nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Notice(Option<&'static Route>);

#[derive(Debug)]
struct Route {
    name: &'static str,
    link: &'static str,
    said: AtomicBool,
}

/// The old routes. They are known to the whole process, since each worker builds its own app.
static ROUTES: [Route; 4] = [
    Route::new("query", "</api/v1/query>; rel=\"successor-version\""),
    Route::new("state", "</api/v1/state>; rel=\"successor-version\""),
    Route::new("logs", "</api/v1/logs>; rel=\"successor-version\""),
    Route::new("reset", "</api/v1/reset>; rel=\"successor-version\""),
];

impl Route {
    const fn new(name: &'static str, link: &'static str) -> Self {
        Self { name, link, said: AtomicBool::new(false) }
    }
}

impl Notice {
    pub(super) fn on(face: Face, route: &str) -> Self {
        Self(match face {
            Face::V1 => None,
            Face::Legacy => ROUTES.iter().find(|known| known.name == route),
        })
    }
}

impl<S, B> Transform<S, ServiceRequest> for Notice
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type InitError = ();
    type Transform = Noticed<S>;
    type Future = Ready<Result<Noticed<S>, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(Noticed { route: self.0, service }))
    }
}

/// What [`Notice`] makes of a service.
#[derive(Debug)]
pub(super) struct Noticed<S> {
    route: Option<&'static Route>,
    service: S,
}

impl<S, B> Service<ServiceRequest> for Noticed<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<ServiceResponse<B>, Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let answer = self.service.call(request);
        let Some(route) = self.route else { return Box::pin(answer) };
        Box::pin(async move {
            let mut answer = answer.await?;
            let headers = answer.headers_mut();
            headers.insert(DEPRECATION, HeaderValue::from_static("true"));
            headers.insert(header::LINK, HeaderValue::from_static(route.link));
            if !route.said.swap(true, Ordering::Relaxed) {
                log::warn!("/mcp/{0} is deprecated; use /api/v1/{0}", route.name);
            }
            Ok(answer)
        })
    }
}
