//! The one tool of the lean set: `query`, behind which every action is.
//!
//! Invariant: its definition as it is sent has at most 90 tokens of `o200k_base`, whatever the
//! registry holds. So its arguments' names speak for themselves.

use std::sync::Arc;

use mcp_core::Registry;
use mcp_core::action::params::ParamsText;
use mcp_core::json::RawObject;
use rmcp::model::Tool;
use serde_json::{Value, json};

/// The tool's name.
pub(super) const NAME: &str = "query";

/// How it is called, for whoever called it wrongly.
pub(super) const SIGNATURE: &str = "query(action, params?)";

/// The actions that tell of actions, the best first.
const GUIDES: [&str; 2] = ["help", "list_actions"];

pub(super) fn tool(registry: &Registry) -> Tool {
    let description = match guide(registry) {
        Some(guide) => {
            format!(
                "Memory, tasks and tools. Call action `{guide}` to find an action and its params."
            )
        }
        None => "Memory, tasks and tools, called by the name of an action.".to_owned(),
    };
    let schema = json!({
        "type": "object",
        "properties": { "action": { "type": "string" }, "params": { "type": "object" } },
        "required": ["action"],
    });
    let Value::Object(schema) = schema else { unreachable!("it is written as an object") };
    Tool::new(NAME, description, Arc::new(schema))
}

/// The action that tells which actions there are, where one is registered.
pub(super) fn guide(registry: &Registry) -> Option<&'static str> {
    GUIDES.into_iter().find(|name| registry.find(name).is_ok())
}

/// What the arguments of `query` ask for.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) action: String,
    pub(super) params: ParamsText,
}

impl Query {
    /// Reads the arguments.
    ///
    /// # Errors
    /// With what is wrong with them.
    pub(super) fn read(arguments: &str) -> Result<Self, String> {
        let (mut action, mut params) = (None, ParamsText::none());
        let object = RawObject::parse(arguments).map_err(|error| error.to_string())?;
        for (name, value) in &object.members {
            match name.as_ref() {
                "action" => {
                    let wrong = |_| "action must be a string: the name of an action";
                    action = Some(serde_json::from_str::<String>(value.get()).map_err(wrong)?);
                }
                "params" => {
                    params = ParamsText::from_json(value).map_err(|error| error.message)?;
                }
                name => return Err(format!("Unknown argument: {name}")),
            }
        }
        let action = action.ok_or("action is required")?;
        Ok(Self { action, params })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use mcp_core::actions;

    use super::*;

    #[test]
    fn the_definition_has_at_most_90_tokens() {
        let registry = Registry::builder().with(actions::register).build().unwrap();
        let definition = serde_json::to_string(&tool(&registry)).unwrap();
        let tokens = bpe_openai::o200k_base().count(&definition);
        assert!(tokens <= 90, "{tokens}: {definition}");
    }

    #[test]
    fn wrong_arguments_are_named() {
        let read = |arguments: Value| Query::read(&arguments.to_string());
        for (arguments, message) in [
            (json!({}), "action is required"),
            (json!({"action": 5}), "action must be a string: the name of an action"),
            (json!({"action": "a", "params": [1]}), "params must be an object"),
            (json!({"action": "a", "parms": {}}), "Unknown argument: parms"),
        ] {
            assert_eq!(read(arguments).unwrap_err(), message);
        }
        let query = read(json!({"action": "a", "params": null})).unwrap();
        assert_eq!((query.action.as_str(), query.params.get()), ("a", "{}"));
    }
}
