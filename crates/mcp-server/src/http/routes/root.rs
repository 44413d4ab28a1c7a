//! `GET /`: that the service runs, and which versions of the API it has.

use actix_web::HttpResponse;
use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde_json::json;

use crate::http::error::ApiError;
use crate::service::Service;

#[api_v2_operation(
    summary = "Say that the service runs",
    description = "Open without the API key.",
    operation_id = "health",
    tags("service")
)]
pub(super) async fn health(service: Data<Service>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(json!({
        "status": "running",
        "service": "MCP Server",
        "version": env!("CARGO_PKG_VERSION"),
        "timestamp": service.now(),
        "api_versions": { "v1": { "path": "/api/v1", "status": "stable" } },
        "planned_versions": { "v2": { "path": "/api/v2", "status": "not_implemented" } },
        "legacy_endpoints": "/mcp/* (deprecated, use /api/v1/* instead)",
    })))
}
