//! `POST /api/v2/batch`: many steps in one call. The body is the parameters of the action `batch`.

use actix_web::HttpResponse;
use actix_web::web::Data;
use mcp_core::ActionError;
use mcp_core::action::params::ParamsText;
use mcp_core::lean::{LeanQuery, query::budget, tokens};
use paperclip::actix::api_v2_operation;
use serde_json::value::RawValue;

use super::answer;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::routes::body::JsonText;
use crate::service::Service;

#[api_v2_operation(
    summary = "Run several steps",
    description = "Each step is a query that can refer to what earlier steps gave; one after another, or all in one transaction.",
    operation_id = "v2_batch",
    tags("v2")
)]
pub(super) async fn batch(
    caller: Caller,
    JsonText(text): JsonText,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    Ok(answer(&service, caller, query(&text)).await)
}

fn query(text: &str) -> Result<LeanQuery, ActionError> {
    let wrong = |error: serde_json::Error| {
        ActionError::invalid(format!("The batch is not a JSON object: {error}"))
    };
    let params: &RawValue = serde_json::from_str(text).map_err(wrong)?;
    let mut query = LeanQuery::new("batch", ParamsText::from_json(params)?);
    query.tokens = tokens::count(text);
    let members: serde_json::Value = serde_json::from_str(text).map_err(wrong)?;
    if let Some(tokens) = members.get("max_tokens").filter(|tokens| !tokens.is_null()) {
        query.budget = budget(tokens)?;
    }
    Ok(query)
}
