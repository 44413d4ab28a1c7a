//! `GET /`: that the service runs, and which versions of the API it has.

use actix_web::HttpResponse;
use actix_web::web::Data;
use mcp_core::Timestamp;
use paperclip::actix::api_v2_operation;
use serde::Serialize;

use crate::http::error::ApiError;
use crate::service::Service;

#[api_v2_operation(
    summary = "Say that the service runs",
    description = "Open without the API key.",
    operation_id = "health",
    tags("service")
)]
pub(super) async fn health(service: Data<Service>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(Health {
        status: "running",
        service: "MCP Server",
        version: env!("CARGO_PKG_VERSION"),
        timestamp: service.now(),
        api_versions: Versions { v1: Version { path: "/api/v1", status: "stable" } },
        planned_versions: Planned { v2: Version { path: "/api/v2", status: "not_implemented" } },
        legacy_endpoints: "/mcp/* (deprecated, use /api/v1/* instead)",
    }))
}

/// What is asked for more often than anything else, so it is written as it is and not built first.
#[derive(Serialize)]
struct Health {
    status: &'static str,
    service: &'static str,
    version: &'static str,
    timestamp: Timestamp,
    api_versions: Versions,
    planned_versions: Planned,
    legacy_endpoints: &'static str,
}

#[derive(Serialize)]
struct Versions {
    v1: Version,
}

#[derive(Serialize)]
struct Planned {
    v2: Version,
}

#[derive(Serialize)]
struct Version {
    path: &'static str,
    status: &'static str,
}
