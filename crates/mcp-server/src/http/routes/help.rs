//! `GET /llms.txt`: all that a prompt needs. `GET /api/v2/help`: finds an action.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use mcp_core::action::params::ParamsText;
use mcp_core::{ActionError, Call, ErrorCode};
use mcp_lean::tokens;
use paperclip::actix::web::Query;
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use serde::Deserialize;
use serde_json::json;

use super::Operation;
use super::v2::TOKENS;
use crate::config::ToolSet;
use crate::http::auth::ApiKey;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::mcp::instructions;
use crate::service::Service;

pub(super) const LLMS_OPERATION: Operation =
    Operation { id: "llms", response: "text/plain", errors: &[], is_open: true };

pub(super) const HELP_OPERATION: Operation = Operation {
    id: "help",
    response: "text/plain",
    errors: &[ErrorCode::NotFound, ErrorCode::Internal, ErrorCode::Busy],
    is_open: false,
};

#[api_v2_operation(
    summary = "Get an introduction for prompts",
    description = "Plain text (llmstxt.org). Requires no API key.",
    operation_id = "llms",
    tags("service")
)]
pub(super) async fn llms(
    request: HttpRequest,
    service: Data<Service>,
    key: Data<ApiKey>,
) -> HttpResponse {
    let base = base_url(&request);
    let groups = instructions::groups(&ToolSet::Lean, &service.dispatcher().registry());
    let key = if key.is_set() { "\nSend the key as header X-API-Key." } else { "" };
    text(format!(
        r#"# MCP Server

POST {base}/api/v2/query {{"action":"help","params":{{"query":"what you want"}}}} names actions to call the same way. MCP: {base}/mcp{key}
Actions: {groups}
"#
    ))
}

/// Returns the address that the client has used. It goes into this client's own response only, so a
/// forwarded scheme needs no trust.
fn base_url(request: &HttpRequest) -> String {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let is_https = header("x-forwarded-proto").is_some_and(|proto| proto.trim() == "https");
    let host = header("host").unwrap_or("localhost");
    format!("{}://{host}", if is_https { "https" } else { "http" })
}

/// The query of `/help`.
#[derive(Deserialize, Apiv2Schema)]
pub(super) struct HelpQuery {
    /// The task in any words. Without it, all actions are listed.
    q: Option<String>,
}

#[api_v2_operation(
    summary = "Find an action",
    description = "Plain text: a line for each of the best three actions with its signature and summary; without `q`, the signatures of all actions by group. Equals the action `help`.",
    operation_id = "help",
    tags("v2")
)]
pub(super) async fn help(
    _: Caller,
    query: Query<HelpQuery>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let params = match query.into_inner().q.filter(|words| !words.is_empty()) {
        Some(words) => ParamsText::from_value(&json!({ "query": words }))?,
        None => ParamsText::none(),
    };
    let lines = service.dispatcher().dispatch(Call::new("help", params)).await?;
    let lines: Vec<String> = serde_json::from_str(lines.get()).map_err(ActionError::internal)?;
    Ok(text(lines.join("\n") + "\n"))
}

/// Returns plain text with its number of tokens.
fn text(text: impl Into<String>) -> HttpResponse {
    let text = text.into();
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((TOKENS, tokens::count(&text)))
        .body(text)
}
