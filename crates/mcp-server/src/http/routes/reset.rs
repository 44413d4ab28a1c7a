//! `POST /reset`: removes everything and restores the default configuration.

use actix_web::HttpResponse;
use actix_web::web::Data;
use mcp_core::ErrorCode;
use paperclip::actix::api_v2_operation;
use serde_json::json;

use super::Operation;
use crate::http::answer::success;
use crate::http::caller::OperatorCaller;
use crate::http::error::ApiError;
use crate::service::Service;

pub(super) const OPERATION: Operation = Operation {
    id: "reset",
    response: "ResetAnswer",
    errors: &[ErrorCode::Internal, ErrorCode::Busy, ErrorCode::StorageFull],
    is_open: false,
};

#[api_v2_operation(
    summary = "Reset the memory",
    description = "Removes users, tasks, configuration and log, restores the default configuration and starts task numbers at 1. Denied for a web page of another origin unless that origin is listed in MCP_CORS_ORIGINS or the request has the API key.",
    operation_id = "reset",
    tags("v1")
)]
pub(super) async fn reset(
    _: OperatorCaller,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    service.dispatcher().reset().await?;
    success(&service, &json!({ "reset": true }), "Memory reset complete")
}
