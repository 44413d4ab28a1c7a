//! The tools `query`, which calls actions that read, and `change`, which calls every action. A client can
//! allow the first and ask about the second. Their arguments are those of a lean query; the default format is
//! the smallest.
//!
//! Invariant: both definitions as they are sent have at most 170 tokens of `o200k_base`, for any registry.
//! So arguments have no descriptions, and `change` does not list the reductions, which it accepts too.

use mcp_core::{ActionError, Registry};
use mcp_lean::LeanQuery;
use mcp_lean::format::Format;
use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use super::schemas;

/// A tool of the lean set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeanTool {
    Query,
    Change,
}

impl LeanTool {
    const ALL: [Self; 2] = [Self::Query, Self::Change];

    /// Returns the tool with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Change => "change",
        }
    }

    /// Returns the signature in the errors for malformed calls.
    pub(super) const fn signature(self) -> &'static str {
        match self {
            Self::Query => {
                "query(action, params?, fields?, filter?, sort?, group_by?, count?, limit?, \
                 format?=auto, max_tokens?=2000, cursor?)"
            }
            Self::Change => {
                "change(action, params?, fields?, format?=auto, max_tokens?=2000, cursor?)"
            }
        }
    }

    /// Returns the error if this tool may not make a call: `query` only reads.
    pub(super) fn reject(self, query: &LeanQuery, registry: &Registry) -> Option<ActionError> {
        let writing = mcp_lean::writing_action(query, registry).filter(|_| self == Self::Query)?;
        Some(ActionError::invalid(format!("{writing} writes: call the tool \"change\"")))
    }
}

/// Returns the definitions.
pub(super) fn tools() -> [Tool; 2] {
    let text = |names: &[&str]| {
        let properties: Map<String, Value> = names
            .iter()
            .map(|name| {
                let kind = match *name {
                    "params" | "filter" => "object",
                    "max_tokens" | "limit" => "integer",
                    "count" => "boolean",
                    _ => "string",
                };
                ((*name).to_owned(), json!({ "type": kind }))
            })
            .collect();
        json!({ "type": "object", "properties": properties })
    };
    let mut reading = text(&[
        "action",
        "params",
        "fields",
        "filter",
        "sort",
        "group_by",
        "count",
        "limit",
        "max_tokens",
        "cursor",
    ]);
    reading["required"] = json!(["action"]);
    let query = Tool::new(
        LeanTool::Query.name(),
        r#"Find actions: action help, params {"query":words}"#,
        schemas::of_arguments(&reading),
    );
    let change = Tool::new(
        LeanTool::Change.name(),
        "Also writes",
        schemas::of_arguments(&text(&["action", "params"])),
    );
    let (mut reads, mut writes) = (ToolAnnotations::default(), ToolAnnotations::default());
    reads.read_only_hint = Some(true);
    writes.destructive_hint = Some(true);
    [query.with_annotations(reads), change.with_annotations(writes)]
}

/// Parses the arguments of a lean tool.
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
    fn the_definitions_have_at_most_170_tokens() {
        let definitions = tools().map(|tool| serde_json::to_string(&tool).unwrap());
        let count = |text: &String| bpe_openai::o200k_base().count(text);
        let tokens: usize = definitions.iter().map(count).sum();
        assert!(tokens <= 170, "{tokens}: {definitions:?}");
    }

    #[test]
    fn what_an_agent_needs_is_named() {
        let [query, change] = tools();
        for name in
            ["fields", "filter", "sort", "group_by", "count", "limit", "max_tokens", "cursor"]
        {
            assert!(query.input_schema["properties"].get(name).is_some(), "{name}");
            assert!(LeanTool::Query.signature().contains(name), "{name}");
        }
        assert!(NAMES.iter().all(|name| LeanTool::Change.signature().contains(name)));
        assert!(query.description.unwrap().contains("help") && change.name == "change");
    }

    #[test]
    fn the_usual_form_is_the_smallest() {
        assert_eq!(read(r#"{"action":"a"}"#).unwrap().format, Format::Auto);
        assert_eq!(read(r#"{"action":"a","format":"json"}"#).unwrap().format, Format::Json);
    }
}
