//! Requests of which rmcp could not read the parameters: it takes them for methods of somebody
//! else's.

use rmcp::model::{
    CallToolRequestParams, CompleteRequestParams, CustomRequest, ErrorCode, ErrorData,
    GetPromptRequestParams, InitializeRequestParams, PaginatedRequestParams,
    ReadResourceRequestParams, SubscriptionsListenRequestParams,
};
#[expect(deprecated, reason = "older revisions have nothing else")]
use rmcp::model::{SetLevelRequestParams, SubscribeRequestParams, UnsubscribeRequestParams};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Face;
use super::stdio::gate;

/// Says what is wrong with the parameters, or that there is no such method. `is_newest`: in a revision
/// that has no sessions, and nothing that belongs to them.
#[expect(deprecated, reason = "older revisions have nothing else")]
pub(super) fn refusal(face: &Face, request: &CustomRequest, is_newest: bool) -> ErrorData {
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
        gate::REFUSED => {
            let message = request.params.as_ref().and_then(|params| params["message"].as_str());
            return ErrorData::invalid_request(face.shown(message.unwrap_or_default()), None);
        }
        method => return ErrorData::new(ErrorCode::METHOD_NOT_FOUND, face.shown(method), None),
    };
    let message = problem(request.params.as_ref());
    ErrorData::invalid_params(face.shown(&format!("{}: {message}", request.method)), None)
}

fn problem<T: DeserializeOwned>(params: Option<&Value>) -> String {
    let given = params.cloned().unwrap_or_else(|| json!({}));
    match serde_json::from_value::<T>(given) {
        Ok(_) => "the params are malformed".into(),
        Err(error) => error.to_string(),
    }
}
