//! Unchanged JSON objects of other systems.

use std::borrow::Cow;

use mcp_core::ActionError;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

/// The text of another system's JSON object: it keeps every field, in order and as it was written.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct JsonObject(Box<RawValue>);

impl JsonObject {
    /// Returns the object with one more field, before the others.
    ///
    /// # Errors
    /// Returns `Internal` if the result is not JSON.
    pub(crate) fn with_first(self, name: &str, value: &str) -> Result<Self, ActionError> {
        let member = json!({name: value}).to_string();
        let others = self.0.get()[1..].trim_start();
        let comma = if others == "}" { "" } else { "," };
        let text = format!("{}{comma}{others}", &member[..member.len() - 1]);
        RawValue::from_string(text).map(Self).map_err(ActionError::internal)
    }
}

impl<'de> Deserialize<'de> for JsonObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        if text.get().starts_with('{') {
            Ok(Self(text))
        } else {
            Err(serde::de::Error::custom("not a JSON object"))
        }
    }
}

impl JsonSchema for JsonObject {
    fn schema_name() -> Cow<'static, str> {
        "Object".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_kept_as_it_was_written() {
        let text = r#"{"id": 12345678901234567890123, "b":1.0,"a":[ ]}"#;
        let object: JsonObject = serde_json::from_str(text).expect("an object");
        assert_eq!(serde_json::to_string(&object).expect("JSON"), text);
    }

    #[test]
    fn a_member_is_added_before_the_others() {
        for (text, expected) in
            [(r#"{ "id":1.0}"#, r#"{"note":"a \"b\"","id":1.0}"#), ("{ }", r#"{"note":"a \"b\""}"#)]
        {
            let object: JsonObject = serde_json::from_str(text).expect("an object");
            assert_eq!(object.with_first("note", "a \"b\"").expect("an object").0.get(), expected);
        }
    }

    #[test]
    fn nothing_else_is_an_object() {
        for text in ["[]", "null", "5", r#""{}""#] {
            assert!(serde_json::from_str::<JsonObject>(text).is_err(), "{text}");
        }
    }
}
