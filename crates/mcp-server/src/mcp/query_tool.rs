//! The tool `query`, which calls every action. Its arguments are those of a lean query; the default
//! format is the smallest.
//!
//! Invariant: its definition as it is sent has at most 90 tokens of `o200k_base`, for any registry. So
//! its arguments have no descriptions, and the reductions, which it accepts too, are not listed.

use mcp_core::ActionError;
use mcp_lean::LeanQuery;
use mcp_lean::format::Format;
use rmcp::model::Tool;
use serde_json::json;

use super::schemas;

pub(super) const NAME: &str = "query";

/// The signature in the errors for malformed calls.
pub(super) const SIGNATURE: &str =
    "query(action, params?, fields?, format?=auto, max_tokens?=2000, cursor?)";

pub(super) fn tool() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {
            "action": { "type": "string" },
            "params": { "type": "object" },
            "fields": { "type": "string" },
            "format": { "type": "string" },
            "max_tokens": { "type": "integer" },
            "cursor": { "type": "string" },
        },
        "required": ["action"],
    });
    let description = r#"Memory, tasks, tools. Find actions: action help, params {"query":words}"#;
    Tool::new(NAME, description, schemas::of_arguments(&schema))
}

/// Parses the arguments of `query`.
///
/// # Errors
/// Returns an error that names a missing, unknown or malformed argument.
pub(super) fn read(arguments: &str) -> Result<LeanQuery, ActionError> {
    LeanQuery::read(arguments, Format::Auto)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use mcp_lean::query::NAMES;

    use super::*;

    #[test]
    fn the_definition_has_at_most_90_tokens() {
        let definition = serde_json::to_string(&tool()).unwrap();
        let tokens = bpe_openai::o200k_base().count(&definition);
        assert!(tokens <= 90, "{tokens}: {definition}");
    }

    #[test]
    fn the_definition_and_the_signature_name_every_member() {
        let tool = tool();
        let properties = tool.input_schema["properties"].as_object().unwrap();
        assert!(properties.keys().eq(NAMES), "{properties:?}");
        assert!(NAMES.iter().all(|name| SIGNATURE.contains(name)));
        assert!(tool.description.unwrap().contains("help"));
    }

    #[test]
    fn the_usual_form_is_the_smallest() {
        assert_eq!(read(r#"{"action":"a"}"#).unwrap().format, Format::Auto);
        assert_eq!(read(r#"{"action":"a","format":"json"}"#).unwrap().format, Format::Json);
    }
}
