//! `POST /reset`: removes everything and restores the default configuration.

use actix_web::HttpResponse;
use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde_json::json;

use crate::http::answer::success;
use crate::http::caller::ResetCaller;
use crate::http::error::ApiError;
use crate::service::Service;

#[api_v2_operation(
    summary = "Reset the memory",
    description = "Removes users, tasks, configuration and log, restores the default configuration and starts task numbers at 1. Denied for a web page of another origin unless that origin is listed in MCP_CORS_ORIGINS or the request has the API key.",
    operation_id = "reset",
    tags("v1")
)]
pub(super) async fn reset(
    _: ResetCaller,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    service.dispatcher().reset().await?;
    success(&service, &json!({ "reset": true }), "Memory reset complete")
}
