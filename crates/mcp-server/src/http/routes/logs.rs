//! `GET /logs`: the newest actions, newest last.

use actix_web::HttpResponse;
use actix_web::web::Data;
use mcp_core::memory::Freshness;
use mcp_core::{Reply, snapshot};
use paperclip::actix::web::Query;
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use serde::Deserialize;

use crate::http::answer::reply;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::page;
use crate::service::Service;

/// The query of `/logs`.
#[derive(Deserialize, Apiv2Schema)]
pub(super) struct LogsQuery {
    /// At most this many of the newest; without it, or if it is negative, all that are kept.
    limit: Option<String>,
    /// Leaves out this many of the newest; a negative number counts as 0.
    offset: Option<String>,
}

#[api_v2_operation(
    summary = "Show the log of actions",
    description = "The newest entries, newest last. As many are kept as MCP_LOG_RETENTION says.",
    operation_id = "logs",
    tags("v1")
)]
pub(super) async fn logs(
    _: Caller,
    query: Query<LogsQuery>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let page = page(query.limit.as_deref(), query.offset.as_deref())?;
    let logs = Reply::read(Freshness::WritesAndLogs, snapshot::logs(page), service.store()).await?;
    Ok(reply(service, logs, |counts| format!("Retrieved {} logs", counts[0])))
}
