//! Probes: an orchestrator restarts a server or sends it requests according to `GET /live` and
//! `GET /ready`. No limit applies to them.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;

pub(super) const LIVE: &str = "/live";
pub(super) const READY: &str = "/ready";

/// Returns whether the request is a probe.
pub(super) fn is_probe(request: &ServiceRequest) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
        && matches!(request.path(), LIVE | READY)
}
