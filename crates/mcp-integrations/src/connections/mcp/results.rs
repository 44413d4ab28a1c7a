//! The result of a tool as JSON text.

use mcp_core::action::RemoteText;
use mcp_core::{ActionError, ErrorCode, json};
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::connections::text::plain;

/// The characters of an error's text that are shown.
const ERROR_LENGTH: usize = 2000;

/// Returns `structuredContent`; else a text that is JSON; else the text. Pictures, sound and files are
/// returned as blocks of content.
///
/// # Errors
/// Returns `UpstreamRefused` with the text of a result that is an error, and `UpstreamFailed` if the
/// result cannot be passed on.
pub(crate) fn text(name: &str, result: CallToolResult) -> Result<RemoteText, ActionError> {
    if result.is_error == Some(true) {
        let text = plain(&texts(&result.content), ERROR_LENGTH);
        let text = if text.is_empty() { "the call failed".to_owned() } else { text };
        return Err(ActionError::new(ErrorCode::UpstreamRefused, format!("{name}: {text}")));
    }
    let is_text = |block: &ContentBlock| matches!(block, ContentBlock::Text(_));
    let text = if !result.content.iter().all(is_text) {
        json!({ "content": result.content }).to_string()
    } else if let Some(structured) = result.structured_content {
        structured.to_string()
    } else {
        let text = texts(&result.content);
        match (result.content.is_empty(), serde_json::from_str::<&RawValue>(&text)) {
            (true, _) => "null".to_owned(),
            (false, Ok(json)) => json.get().to_owned(),
            (false, Err(_)) => Value::String(text).to_string(),
        }
    };
    json::check(&text).map_err(|problem| {
        ActionError::new(ErrorCode::UpstreamFailed, format!("{name}: the result has {problem}"))
    })?;
    Ok(RemoteText { text, has_more: false })
}

/// Returns the texts of blocks, a line each.
fn texts(blocks: &[ContentBlock]) -> String {
    let texts = blocks.iter().filter_map(|block| match block {
        ContentBlock::Text(text) => Some(text.text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(result: Value) -> Result<String, String> {
        let result = serde_json::from_value(result).expect("a result");
        text("files", result).map(|it| it.text).map_err(|error| error.message)
    }

    #[test]
    fn the_most_structured_form_of_a_result_is_passed_on() {
        let text = |text: &str| json!({"type": "text", "text": text});
        for (result, wanted) in [
            (json!({"content": [text("x")], "structuredContent": {"a": 1}}), r#"{"a":1}"#),
            (json!({"content": [text(" [1, 2.50] ")]}), "[1, 2.50]"),
            (json!({"content": [text("two"), text("lines")]}), r#""two\nlines""#),
            (json!({"content": [text("")]}), r#""""#),
            (json!({"content": []}), "null"),
            (
                json!({"content": [{"type": "image", "data": "aGk=", "mimeType": "image/png"}]}),
                r#"{"content":[{"type":"image","data":"aGk=","mimeType":"image/png"}]}"#,
            ),
        ] {
            assert_eq!(shown(result.clone()).as_deref(), Ok(wanted), "{result}");
        }
    }

    #[test]
    fn an_error_has_its_text_without_control_characters() {
        let result = json!({"content": [{"type": "text", "text": "no\u{1b}[2J such\nfile"}], "isError": true});
        assert_eq!(shown(result), Err("files: no[2J such file".to_owned()));
        let result = json!({"content": [], "isError": true});
        assert_eq!(shown(result), Err("files: the call failed".to_owned()));
    }

    #[test]
    fn what_no_client_could_read_is_refused() {
        let deep = format!("{}1{}", "[".repeat(2000), "]".repeat(2000));
        let result = json!({"content": [{"type": "text", "text": deep}]});
        assert!(shown(result).is_err_and(|message| message.starts_with("files: the result has")));
    }
}
