//! From what an action answers to the result of a tool.

use std::time::Duration;

use mcp_core::action::{Action, Shape};
use mcp_core::{ActionError, json};
use mcp_lean::format::Format;
use mcp_lean::{LeanAnswer, error_text};
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::Value;

use super::tools::{RESULT, is_wrapped};

/// The result of a tool of an action's own: structured content and the same as JSON text; a picture
/// or blocks where that is what the action answers.
pub(super) fn of_tool(action: &Action, text: String) -> CallToolResult {
    match (action.doc.view.shape, json::value(&text)) {
        (_, Err(cause)) => no_json(&cause),
        (Shape::Picture { base64, media_type }, Ok(value)) => picture(value, base64, media_type),
        (Shape::Contents, Ok(value)) => blocks(value),
        (_, Ok(value)) => data(text, value, is_wrapped(action)),
    }
}

/// The result of `query`: JSON is structured content and the same text, CSV and TOON are text alone.
pub(super) fn of_query(answer: LeanAnswer) -> CallToolResult {
    if answer.format != Format::Json {
        return CallToolResult::success(vec![ContentBlock::text(answer.text)]);
    }
    match json::value(&answer.text) {
        Ok(value) => data(answer.text, value, false),
        Err(cause) => no_json(&cause),
    }
}

/// What was wrong with a query and the right signature, as the lean face says it.
pub(super) fn query_failed(mut failure: ActionError, signature: &str) -> CallToolResult {
    if let Some(wait) = failure.retry_after {
        failure.message = with_wait(&failure.message, wait);
    }
    let is_said = failure.message.contains(signature);
    if failure.signature.is_none() && failure.code.row().status < 500 && !is_said {
        failure.signature = Some(signature.to_owned());
    }
    error(error_text(&failure))
}

/// A tool error with this text.
pub(super) fn error(text: impl Into<String>) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text.into())])
}

/// What an action's error says, and the right signature where the call was wrong.
pub(super) fn failed(failure: &ActionError, signature: &str) -> CallToolResult {
    let text = match failure.retry_after {
        Some(wait) => with_wait(&failure.message, wait),
        None => failure.message.clone(),
    };
    let caller = failure.code.row().status < 500;
    if caller && !text.contains(signature) {
        let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
        return error(format!("{text}{end} Use {signature}"));
    }
    error(text)
}

fn with_wait(text: &str, wait: Duration) -> String {
    let seconds = wait.as_secs().max(1);
    if text.ends_with(&format!("try again in {seconds} s")) {
        return text.to_owned();
    }
    let end = if text.ends_with('.') { "" } else { "." };
    format!("{text}{end} Try again in {seconds} s")
}

/// The error for a result whose response has more than `limit` bytes.
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

fn picture(mut value: Value, data: &str, media_type: &str) -> CallToolResult {
    let media = value.get(media_type).and_then(Value::as_str).unwrap_or("image/png").to_owned();
    let picture = value.as_object_mut().and_then(|members| members.shift_remove(data));
    let Some(Value::String(picture)) = picture else {
        return error("The action answered without its picture");
    };
    let text = ContentBlock::text(value.to_string());
    let mut result = CallToolResult::success(vec![ContentBlock::image(picture, media), text]);
    result.structured_content = Some(value);
    result
}

fn blocks(mut value: Value) -> CallToolResult {
    match serde_json::from_value(value["content"].take()) {
        Ok(blocks) => CallToolResult::success(blocks),
        Err(cause) => no_json(&cause),
    }
}

fn no_json(cause: &serde_json::Error) -> CallToolResult {
    log::error!("an action answered what is not of its form: {cause}");
    error("The action answered what is not of its form")
}
