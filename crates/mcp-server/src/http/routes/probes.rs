//! `GET /live` and `GET /ready`: for whoever starts, stops and balances servers.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde_json::json;

use crate::http::error::ApiError;
use crate::service::Service;

/// How long the database may take to say that it is there.
const READY_WAIT: Duration = Duration::from_secs(2);

#[api_v2_operation(
    summary = "Say that the process answers",
    description = "Open without the API key.",
    operation_id = "live",
    tags("service")
)]
pub(super) async fn live() -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(json!({ "status": "live" })))
}

#[api_v2_operation(
    summary = "Say that the database can be read and written",
    description = "Open without the API key. 503 while it cannot.",
    operation_id = "ready",
    tags("service")
)]
pub(super) async fn ready(service: Data<Service>) -> Result<HttpResponse, ApiError> {
    match tokio::time::timeout(READY_WAIT, service.store().ready()).await {
        Ok(Ok(())) => Ok(HttpResponse::Ok().json(json!({ "status": "ready" }))),
        outcome => {
            log::warn!("not ready: {outcome:?}");
            let detail = "The database cannot be used now";
            Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(1))
        }
    }
}
