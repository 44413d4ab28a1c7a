//! Probes: `GET /live` and `GET /ready`, from which an orchestrator decides whether to restart a server
//! or to send it requests. No limit on callers applies to them.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;

/// The path that says whether the process answers.
pub(super) const LIVE: &str = "/live";
/// The path that says whether the database can be used.
pub(super) const READY: &str = "/ready";

/// Returns whether the request is a probe.
pub(super) fn is_probe(request: &ServiceRequest) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
        && matches!(request.path(), LIVE | READY)
}
