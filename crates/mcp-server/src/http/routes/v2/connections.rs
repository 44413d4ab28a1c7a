//! `/api/v2/connections`: the connections, reading their file again, and trusting changed definitions.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, block};
use mcp_core::{ActionError, ErrorCode};
use mcp_lean::tokens;
use paperclip::actix::api_v2_operation;
use serde_json::json;

use crate::http::caller::{Caller, OperatorCaller};
use crate::http::error::ApiError;
use crate::http::routes::Operation;
use crate::service::Service;

pub(super) const LIST_OPERATION: Operation = Operation {
    id: "v2_connections",
    response: "Connections",
    errors: &[ErrorCode::Internal],
    is_open: false,
};

pub(super) const RELOAD_OPERATION: Operation = Operation {
    id: "v2_connections_reload",
    response: "ConnectionsReload",
    errors: &[ErrorCode::InvalidParams, ErrorCode::Internal],
    is_open: false,
};

pub(super) const APPROVE_OPERATION: Operation = Operation {
    id: "v2_connections_approve",
    response: "ConnectionsApproval",
    errors: &[ErrorCode::RouteNotFound, ErrorCode::Unavailable],
    is_open: false,
};

#[api_v2_operation(
    summary = "List the connections",
    description = "Each connection of the connections file with its state, its tools and its calls. `definition_tokens` counts the definitions of its tools, which a prompt need not have.",
    operation_id = "v2_connections",
    tags("v2")
)]
pub(super) async fn list(_: Caller, service: Data<Service>) -> Result<HttpResponse, ApiError> {
    // On another thread: counting the tokens of a large API takes a while.
    let list = block(move || service.connections().map(|it| it.status(Some(tokens::count))));
    let list = list.await.map_err(ActionError::internal)?;
    Ok(HttpResponse::Ok().json(list.unwrap_or_default()))
}

#[api_v2_operation(
    summary = "Read the connections file again",
    description = "Connections whose settings are the same are not disturbed. If the file cannot be used, nothing changes.",
    operation_id = "v2_connections_reload",
    tags("v2")
)]
pub(super) async fn reload(
    _: OperatorCaller,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let reload = block(move || service.reload_connections());
    let reload = reload.await.map_err(ActionError::internal)?.ok_or_else(|| {
        let message =
            "the server has no connections file: set MCP_CONNECTIONS, or start with --connections";
        ApiError::new(StatusCode::BAD_REQUEST, message)
    })?;
    let reload =
        reload.map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    Ok(HttpResponse::Ok().json(reload))
}

#[api_v2_operation(
    summary = "Trust changed definitions",
    description = "Trusts the present definitions of a connection with `onChange: hold`.",
    operation_id = "v2_connections_approve",
    tags("v2")
)]
pub(super) async fn approve(
    _: OperatorCaller,
    name: paperclip::actix::web::Path<String>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let name = name.into_inner();
    let unknown = || ApiError::new(StatusCode::NOT_FOUND, format!("unknown connection {name:?}"));
    let connections = service.connections().ok_or_else(unknown)?;
    let approved = connections.approve(&name).await.map_err(|error| match error.code {
        ErrorCode::NotFound => unknown(),
        _ => error.into(),
    })?;
    Ok(HttpResponse::Ok().json(json!({ "name": name, "approved": approved })))
}
