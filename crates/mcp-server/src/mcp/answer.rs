//! From what an action answers to the result of a tool.

use mcp_core::ActionError;
use mcp_core::action::{Action, AnswerForm};
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::Value;

use super::tools::RESULT;

/// The result of a tool of an action's own: structured content and the same as JSON text; a picture
/// or blocks where the action's document says so.
pub(super) fn of_tool(action: &Action, text: String) -> CallToolResult {
    match (action.doc.answer, serde_json::from_str(&text)) {
        (_, Err(error)) => not_carried(&error),
        (AnswerForm::Data, Ok(value)) => data(text, value),
        (AnswerForm::Picture { data, media_type }, Ok(value)) => picture(value, data, media_type),
        (AnswerForm::Contents, Ok(value)) => blocks(value),
    }
}

/// The result of `query`: never a picture, which is for the tool of its own.
pub(super) fn of_query(action: &Action, text: String) -> CallToolResult {
    match action.doc.answer {
        AnswerForm::Picture { .. } => error(format!(
            "{0} answers with a picture: call the tool {0} instead (add ?tools=all to the server's \
             address, or set MCP_TOOLS=all)",
            action.name
        )),
        _ => of_tool(action, text),
    }
}

/// A tool error with this text.
pub(super) fn error(text: impl Into<String>) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text.into())])
}

/// What an action's error says, and the right signature where the call was wrong.
pub(super) fn failed(failure: &ActionError, signature: Option<&str>) -> CallToolResult {
    let mut text = failure.message.clone();
    if let Some(wait) = failure.retry_after {
        let end = if text.ends_with('.') { "" } else { "." };
        text = format!("{text}{end} Try again in {} s", wait.as_secs().max(1));
    }
    let caller = failure.code.row().status < 500;
    match signature {
        Some(signature) if caller && !text.contains(signature) => {
            let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
            error(format!("{text}{end} Use {signature}"))
        }
        _ => error(text),
    }
}

/// A result over the limit, in bytes.
pub(super) fn too_large(action: &Action, limit: usize) -> CallToolResult {
    error(format!(
        "The result has more than {limit} bytes (MCP_RESULT_LIMIT). Narrow the call: use {}",
        action.signature
    ))
}

fn data(text: String, value: Value) -> CallToolResult {
    let (text, value) = if value.is_object() {
        (text, value)
    } else {
        let mut wrapped = serde_json::Map::new();
        wrapped.insert(RESULT.into(), value);
        (format!("{{\"{RESULT}\":{text}}}"), Value::Object(wrapped))
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
        Err(error) => not_carried(&error),
    }
}

/// JSON that is stored byte for byte can hold more than a JSON value of the protocol's libraries.
fn not_carried(cause: &serde_json::Error) -> CallToolResult {
    log::warn!("a result is no JSON value: {cause}");
    error(
        "The result holds a number or a depth that the protocol does not carry; ask /api/v1/query",
    )
}
