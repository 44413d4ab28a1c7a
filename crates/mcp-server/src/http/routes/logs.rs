//! `GET /logs`: the log of calls, newest last.

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
    /// The number of newest entries; absent or negative means all.
    limit: Option<String>,
    /// Skips this many of the newest entries; a negative number counts as 0.
    offset: Option<String>,
}

#[api_v2_operation(
    summary = "Show the log of calls",
    description = "The newest entries, newest last. MCP_LOG_RETENTION limits how many are kept.",
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
