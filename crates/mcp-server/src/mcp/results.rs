//! Builds the result of a tool from the output of an action.

use std::time::Duration;

use mcp_core::action::{Action, Shape};
use mcp_core::{ActionError, json};
use mcp_lean::format::Format;
use mcp_lean::{LeanAnswer, error_text};
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::Value;

use super::tools::{RESULT, is_wrapped};

/// Returns the result of a single action's tool: structured content and the same as JSON text. An image
/// or content blocks replace them if that is the action's output.
pub(super) fn of_action(action: &Action, text: String) -> CallToolResult {
    match (action.doc.view.shape, json::value(&text)) {
        (_, Err(cause)) => malformed(&cause),
        (Shape::Picture { base64, media_type }, Ok(value)) => image(value, base64, media_type),
        (Shape::Contents, Ok(value)) => blocks(value),
        (Shape::Open, Ok(value)) if is_contents(&value) => blocks(value),
        (_, Ok(value)) => data(text, value, is_wrapped(action)),
    }
}

/// Returns the result of `query`: text, and for JSON structured content as well.
pub(super) fn of_query(response: LeanAnswer) -> CallToolResult {
    if response.format != Format::Json {
        return CallToolResult::success(vec![ContentBlock::text(response.text)]);
    }
    match json::value(&response.text) {
        Ok(value) => data(response.text, value, false),
        Err(cause) => malformed(&cause),
    }
}

/// Returns the error result of `query`, in the lean API's form, with the signature if the call was wrong.
pub(super) fn query_failed(mut failure: ActionError, signature: &str) -> CallToolResult {
    if let Some(wait) = failure.retry_after {
        failure.message = with_wait(&failure.message, wait);
    }
    if failure.signature.is_none() && wants_signature(&failure, signature) {
        failure.signature = Some(signature.to_owned());
    }
    error(error_text(&failure))
}

/// Returns the error result of a single action's tool, with the signature if the call was wrong.
pub(super) fn failed(failure: &ActionError, signature: &str) -> CallToolResult {
    let mut text = failure.message.clone();
    if let Some(wait) = failure.retry_after {
        text = with_wait(&text, wait);
    }
    if wants_signature(failure, signature) {
        text = with_sentence(&text, &format!("Use {signature}"));
    }
    error(text)
}

fn wants_signature(failure: &ActionError, signature: &str) -> bool {
    failure.code.row().status < 500 && !failure.message.contains(signature)
}

fn with_wait(text: &str, wait: Duration) -> String {
    let seconds = wait.as_secs().max(1);
    if text.ends_with(&format!("try again in {seconds} s")) {
        return text.to_owned();
    }
    with_sentence(text, &format!("Try again in {seconds} s"))
}

fn with_sentence(text: &str, sentence: &str) -> String {
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{text}{end} {sentence}")
}

pub(super) fn error(text: impl Into<String>) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text.into())])
}

/// Returns the error result if the response has more than `limit` bytes. After a write it says that the
/// write succeeded, so that clients do not retry.
pub(super) fn too_large(action: &Action, limit: usize) -> CallToolResult {
    let narrower = || format!("Narrow the call: use {}", action.signature);
    let advice = action.done().unwrap_or_else(narrower);
    error(format!("The response has more than {limit} bytes (MCP_RESULT_LIMIT). {advice}"))
}

fn data(text: String, value: Value, wraps: bool) -> CallToolResult {
    let (text, value) = if wraps {
        let mut wrapped = serde_json::Map::new();
        wrapped.insert(RESULT.into(), value);
        (format!("{{\"{RESULT}\":{text}}}"), Value::Object(wrapped))
    } else {
        (text, value)
    };
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = Some(value);
    result
}

fn image(mut value: Value, data: &str, media_type: &str) -> CallToolResult {
    let media_type =
        value.get(media_type).and_then(Value::as_str).unwrap_or("image/png").to_owned();
    let image = value.as_object_mut().and_then(|members| members.shift_remove(data));
    let Some(Value::String(image)) = image else {
        return error("The action returned no image");
    };
    let text = ContentBlock::text(value.to_string());
    let mut result = CallToolResult::success(vec![ContentBlock::image(image, media_type), text]);
    result.structured_content = Some(value);
    result
}

fn blocks(mut value: Value) -> CallToolResult {
    match serde_json::from_value(value["content"].take()) {
        Ok(blocks) => CallToolResult::success(blocks),
        Err(cause) => malformed(&cause),
    }
}

/// Returns whether the result of a connected action is content with pictures, sound or files.
fn is_contents(value: &Value) -> bool {
    let members = value.as_object().filter(|members| members.len() == 1);
    let blocks = members.and_then(|members| members.get("content")).and_then(Value::as_array);
    blocks.is_some_and(|blocks| {
        blocks.iter().any(|block| {
            matches!(block["type"].as_str(), Some("image" | "audio" | "resource" | "resource_link"))
        }) && serde_json::from_value::<Vec<ContentBlock>>(Value::Array(blocks.clone())).is_ok()
    })
}

fn malformed(cause: &serde_json::Error) -> CallToolResult {
    log::error!("the output of an action is malformed: {cause}");
    error("The output of the action is malformed")
}
