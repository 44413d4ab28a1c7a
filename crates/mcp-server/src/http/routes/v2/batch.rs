//! `POST /api/v2/batch`: several steps in one call. The body has the parameters of the action `batch`.

use actix_web::HttpResponse;
use actix_web::web::Data;
use mcp_core::action::params::ParamsText;
use mcp_core::{ActionError, Registry};
use mcp_lean::{LeanQuery, query::budget, tokens};
use paperclip::actix::api_v2_operation;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::answer;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::routes::body::JsonBody;
use crate::service::Service;

const ACTION: &str = "batch";

#[api_v2_operation(
    summary = "Run several steps",
    description = "Each step is a query that can refer to the results of earlier steps. Steps run one after another, or all in one transaction.",
    operation_id = "v2_batch",
    tags("v2")
)]
pub(super) async fn batch(
    caller: Caller,
    JsonBody(text): JsonBody,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let query = query(&text, &service.dispatcher().registry());
    Ok(answer(&service, caller, query).await)
}

fn query(text: &str, registry: &Registry) -> Result<LeanQuery, ActionError> {
    /// The member that the query also has.
    #[derive(Deserialize)]
    struct Budgeted {
        #[serde(default)]
        max_tokens: Option<Value>,
    }
    let wrong = |error: serde_json::Error| {
        ActionError::invalid(format!("The batch is not a JSON object: {error}"))
    };
    let params: &RawValue = serde_json::from_str(text).map_err(wrong)?;
    let mut params = ParamsText::from_json(params)?;
    registry.find(ACTION)?.coerce(&mut params);
    let Budgeted { max_tokens } = serde_json::from_str(params.get()).map_err(wrong)?;
    let mut query = LeanQuery::new(ACTION, params);
    query.tokens = tokens::count(text);
    if let Some(tokens) = max_tokens {
        query.budget = budget(&tokens)?;
    }
    Ok(query)
}
