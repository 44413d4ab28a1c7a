//! The deprecated routes: `Deprecation` and a `Link` to the successor in every response, and one line in
//! the server's log for each route.

use std::sync::Once;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;

/// RFC 9745 has a date here; clients of the deprecated routes look for the draft's value.
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");

struct Route {
    path: &'static str,
    link: &'static str,
    successor: &'static str,
    logged: Once,
}

/// The routes are shared by all workers, each of which builds its own app.
static ROUTES: [Route; 4] = [
    route("/mcp/query", "/api/v1/query", "</api/v1/query>; rel=\"successor-version\""),
    route("/mcp/state", "/api/v1/state", "</api/v1/state>; rel=\"successor-version\""),
    route("/mcp/logs", "/api/v1/logs", "</api/v1/logs>; rel=\"successor-version\""),
    route("/mcp/reset", "/api/v1/reset", "</api/v1/reset>; rel=\"successor-version\""),
];

const fn route(path: &'static str, successor: &'static str, link: &'static str) -> Route {
    Route { path, link, successor, logged: Once::new() }
}

/// Middleware that marks the responses of a deprecated route.
pub(super) async fn mark_deprecated<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let path = response.request().match_pattern();
    if let Some(route) = ROUTES.iter().find(|route| path.as_deref() == Some(route.path)) {
        let headers = response.headers_mut();
        headers.insert(DEPRECATION, HeaderValue::from_static("true"));
        headers.insert(header::LINK, HeaderValue::from_static(route.link));
        route.logged.call_once(|| {
            log::warn!("{} is deprecated; use {}", route.path, route.successor);
        });
    }
    Ok(response)
}
