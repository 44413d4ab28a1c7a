//! Explains malformed params: rmcp takes their request for one with a method that it does not know.

use rmcp::model::{
    CallToolRequestParams, CompleteRequestParams, CustomRequest, ErrorCode, ErrorData,
    GetPromptRequestParams, InitializeRequestParams, PaginatedRequestParams,
    ReadResourceRequestParams, SubscriptionsListenRequestParams,
};
#[expect(deprecated, reason = "older revisions have nothing else")]
use rmcp::model::{SetLevelRequestParams, SubscribeRequestParams, UnsubscribeRequestParams};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::McpServer;

/// Returns the error for malformed params or an unknown method. `is_newest`: of the revision without
/// sessions, which has fewer methods.
#[expect(deprecated, reason = "older revisions have nothing else")]
pub(super) fn rejection(mcp: &McpServer, request: &CustomRequest, is_newest: bool) -> ErrorData {
    let problem = match request.method.as_str() {
        "tools/call" => problem::<CallToolRequestParams>,
        "tools/list" | "resources/list" | "resources/templates/list" | "prompts/list" => {
            problem::<PaginatedRequestParams>
        }
        "resources/read" => problem::<ReadResourceRequestParams>,
        "prompts/get" => problem::<GetPromptRequestParams>,
        "completion/complete" => problem::<CompleteRequestParams>,
        "initialize" if !is_newest => problem::<InitializeRequestParams>,
        "logging/setLevel" if !is_newest => problem::<SetLevelRequestParams>,
        "resources/subscribe" if !is_newest => problem::<SubscribeRequestParams>,
        "resources/unsubscribe" if !is_newest => problem::<UnsubscribeRequestParams>,
        "subscriptions/listen" => problem::<SubscriptionsListenRequestParams>,
        method => return ErrorData::new(ErrorCode::METHOD_NOT_FOUND, mcp.quoted(method), None),
    };
    let problem = problem(request.params.as_ref());
    ErrorData::invalid_params(mcp.quoted(&format!("{}: {problem}", request.method)), None)
}

fn problem<T: DeserializeOwned>(params: Option<&Value>) -> String {
    let params = params.cloned().unwrap_or_else(|| json!({}));
    match serde_json::from_value::<T>(params) {
        Ok(_) => "params are malformed".into(),
        Err(error) => error.to_string(),
    }
}
