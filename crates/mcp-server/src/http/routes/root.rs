//! `GET /`: that the service runs, and which versions of the API it has.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde::Serialize;

use crate::http::answer::json;
use crate::service::Service;

#[api_v2_operation(
    summary = "Say that the service runs",
    description = "Open without the API key.",
    operation_id = "health",
    tags("service")
)]
pub(super) async fn health(service: Data<Service>) -> HttpResponse {
    let (before, after) = &*AROUND_TIME;
    json([before, service.now().to_string().as_str(), after].concat())
}

/// What is asked for more often than anything else: all but the time is written once.
static AROUND_TIME: LazyLock<(String, String)> = LazyLock::new(|| {
    const TIME: &str = "the time";
    let health = Health {
        status: "running",
        service: "MCP Server",
        version: env!("CARGO_PKG_VERSION"),
        timestamp: TIME,
        api_versions: Versions {
            v1: Version { path: "/api/v1", status: "stable" },
            v2: Version { path: "/api/v2", status: "stable" },
        },
        legacy_endpoints: "/mcp/* (deprecated, use /api/v1/* instead)",
    };
    let text = serde_json::to_string(&health).expect("texts are JSON");
    let (before, after) = text.split_once(TIME).expect("the time is in it");
    (before.to_owned(), after.to_owned())
});

#[derive(Serialize)]
struct Health {
    status: &'static str,
    service: &'static str,
    version: &'static str,
    timestamp: &'static str,
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
