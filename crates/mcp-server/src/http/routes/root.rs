//! `GET /`: the state of the service and its API versions.

use actix_web::HttpResponse;
use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde::Serialize;

use crate::service::Service;

#[api_v2_operation(
    summary = "Show the service and its API versions",
    description = "Requires no API key.",
    operation_id = "health",
    tags("service")
)]
pub(super) async fn health(service: Data<Service>) -> HttpResponse {
    HttpResponse::Ok().json(Health {
        status: "running",
        service: "MCP Server",
        version: env!("CARGO_PKG_VERSION"),
        timestamp: service.now().to_string(),
        api_versions: Versions {
            v1: Version { path: "/api/v1", status: "stable" },
            v2: Version { path: "/api/v2", status: "stable" },
        },
        legacy_endpoints: "/mcp/* (deprecated, use /api/v1/* instead)",
    })
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    service: &'static str,
    version: &'static str,
    timestamp: String,
    api_versions: Versions,
    legacy_endpoints: &'static str,
}

#[derive(Serialize)]
struct Versions {
    v1: Version,
    v2: Version,
}

#[derive(Serialize)]
struct Version {
    path: &'static str,
    status: &'static str,
}
