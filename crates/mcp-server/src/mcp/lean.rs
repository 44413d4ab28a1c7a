//! The one tool of the lean set: `query`, behind which every action is. It is the lean face's query,
//! member for member, answered in the smallest form unless another is asked for.
//!
//! Invariant: its definition as it is sent has at most 90 tokens of `o200k_base`, whatever the
//! registry holds. So its arguments' names speak for themselves, and the reductions, which it takes
//! as well, are not named.

use mcp_core::ActionError;
use mcp_lean::LeanQuery;
use mcp_lean::format::Format;
use rmcp::model::Tool;
use serde_json::json;

use super::schemas;

/// The tool's name.
pub(super) const NAME: &str = "query";

/// How it is called, for whoever called it wrongly.
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

/// What the arguments of `query` ask for.
///
/// # Errors
/// With what is wrong with them.
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
