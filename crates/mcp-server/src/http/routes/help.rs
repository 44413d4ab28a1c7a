//! `GET /llms.txt`: all that a prompt needs. `GET /api/v2/help`: finds an action.

use actix_web::HttpResponse;
use actix_web::web::Data;
use mcp_core::action::params::ParamsText;
use mcp_core::{ActionError, Call};
use mcp_lean::tokens;
use paperclip::actix::web::Query;
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use serde::Deserialize;
use serde_json::json;

use super::v2::TOKENS;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::service::Service;

/// The introduction for agents: at most 40 tokens, as a test checks.
const LLMS: &str = r#"# MCP Server

POST /api/v2/query {"action":"help","params":{"query":"what you want"}} names actions to call the same way. Header X-API-Key.
"#;

#[api_v2_operation(
    summary = "Get an introduction for prompts",
    description = "Plain text (llmstxt.org). Requires no API key.",
    operation_id = "llms",
    tags("service")
)]
pub(super) async fn llms() -> HttpResponse {
    text(LLMS)
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
