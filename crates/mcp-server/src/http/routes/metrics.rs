//! `GET /metrics`: the metrics for Prometheus.

use actix_web::HttpResponse;
use actix_web::web::Data;
use mcp_core::{ActionError, ErrorCode};
use paperclip::actix::api_v2_operation;

use super::Operation;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::service::Service;

pub(super) const OPERATION: Operation = Operation {
    id: "metrics",
    response: "application/openmetrics-text",
    errors: &[ErrorCode::Internal],
    is_open: false,
};

#[api_v2_operation(
    summary = "Show the metrics",
    description = "OpenMetrics text for Prometheus: calls, errors, times and tokens by action since the server started.",
    operation_id = "metrics",
    tags("service")
)]
pub(super) async fn metrics(_: Caller, service: Data<Service>) -> Result<HttpResponse, ApiError> {
    let lost = service.dispatcher().lost_log_entries();
    let connections = service.connections().map(|it| it.status(None)).unwrap_or_default();
    let text = service.metrics().text(lost, &connections).map_err(ActionError::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(text))
}
