//! `GET /live` and `GET /ready` for orchestrators and load balancers.

use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::http::error::ApiError;
use crate::service::Service;

/// The time limit for a check of the database.
const READY_WAIT: Duration = Duration::from_secs(2);

/// The last check of the database. One runs at a time: no limit applies to probes, and they must not
/// fill the queue of writes.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<Checked>>);

#[derive(Clone, Copy, Debug)]
struct Checked {
    started: Instant,
    is_ready: bool,
}

impl Readiness {
    /// Returns whether the database works, by a check that starts after this call.
    async fn check(&self, service: &Service) -> bool {
        let asked = Instant::now();
        let mut last = self.0.lock().await;
        if let Some(Checked { is_ready, .. }) = last.filter(|last| last.started >= asked) {
            return is_ready;
        }
        let started = Instant::now();
        let outcome = timeout(READY_WAIT, service.store().ready()).await;
        let is_ready = matches!(outcome, Ok(Ok(())));
        if !is_ready {
            log::warn!("not ready: {outcome:?}");
        }
        *last = Some(Checked { started, is_ready });
        is_ready
    }
}

#[api_v2_operation(
    summary = "Check that the process answers",
    description = "Requires no API key.",
    operation_id = "live",
    tags("service")
)]
pub(super) async fn live() -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(json!({ "status": "live" })))
}

#[api_v2_operation(
    summary = "Check that the database can be read and written",
    description = "Requires no API key. 503 while it cannot.",
    operation_id = "ready",
    tags("service")
)]
pub(super) async fn ready(
    service: Data<Service>,
    readiness: Data<Readiness>,
) -> Result<HttpResponse, ApiError> {
    if readiness.check(&service).await {
        return Ok(HttpResponse::Ok().json(json!({ "status": "ready" })));
    }
    let detail = "The database cannot be used now";
    Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(1))
}
