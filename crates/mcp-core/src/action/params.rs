//! The parameters of a call as JSON text, parsed into the type of an action or an error that names the
//! parameter.

use std::borrow::Cow;

use serde::de::{self, DeserializeOwned};
use serde_json::Value;
use serde_json::value::RawValue;

pub use super::bounded::Bounded;
use super::coerce::{self, EmptyText};
pub use super::values::{JsonText, ObjectText, Text};
use crate::error::ActionError;
use crate::json::RawObject;

/// Marks, in a deserialization error, a value that counts as absent.
const ABSENT: &str = "\u{0}absent";

/// Returns the error of a value that counts as absent, such as an empty string: the parameter is
/// required.
#[must_use]
pub fn not_given<E: de::Error>() -> E {
    E::custom(ABSENT)
}

/// The parameters of a call: the text of a JSON object.
#[derive(Clone, Debug)]
pub struct ParamsText(Box<RawValue>);

impl ParamsText {
    /// Returns no parameters.
    #[must_use]
    pub fn none() -> Self {
        Self(RawValue::from_string("{}".into()).expect("an empty object is JSON"))
    }

    /// Reads JSON text.
    ///
    /// # Errors
    /// Returns `InvalidParams` if the text is not an object or null.
    pub fn from_json(text: &RawValue) -> Result<Self, ActionError> {
        match text.get().as_bytes().first() {
            Some(b'{') => Ok(Self(text.to_owned())),
            Some(b'n') => Ok(Self::none()),
            _ => Err(ActionError::invalid("params must be an object")),
        }
    }

    /// Reads a JSON value.
    ///
    /// # Errors
    /// Returns `InvalidParams` if the value is not an object or null.
    pub fn from_value(value: &serde_json::Value) -> Result<Self, ActionError> {
        let text = serde_json::value::to_raw_value(value).map_err(ActionError::internal)?;
        Self::from_json(&text)
    }

    pub(super) fn coerce(&mut self, schema: &Value, empty: EmptyText) {
        if let Some(object) = coerce::object(schema, self.get(), empty) {
            self.0 = RawValue::from_string(object).expect("it is put together of JSON");
        }
    }

    fn from_object(object: &RawObject<'_>) -> Result<Self, ActionError> {
        serde_json::value::to_raw_value(object).map(Self).map_err(ActionError::internal)
    }

    /// Adds a member unless the name is present.
    pub fn or_member(&mut self, name: &str, value: &RawValue) -> Result<(), ActionError> {
        let mut object = RawObject::parse(self.get()).map_err(|error| described(&error, None))?;
        if object.members.iter().all(|(known, _)| known != name) {
            object.members.push((name.into(), value));
            *self = Self::from_object(&object)?;
        }
        Ok(())
    }

    /// Returns the JSON text.
    #[must_use]
    pub fn get(&self) -> &str {
        self.0.get()
    }

    pub(crate) fn raw(&self) -> &RawValue {
        &self.0
    }

    pub(crate) fn names(&self) -> Result<Vec<String>, ActionError> {
        let object = RawObject::parse(self.get()).map_err(|error| described(&error, None))?;
        Ok(object.members.into_iter().map(|(name, _)| name.into_owned()).collect())
    }

    /// Removes null members that are not nullable.
    pub(crate) fn without_nulls(
        self,
        is_nullable: impl Fn(&str) -> bool,
    ) -> Result<Self, ActionError> {
        if !self.get().contains("null") {
            return Ok(self);
        }
        let mut object = RawObject::parse(self.get()).map_err(|error| described(&error, None))?;
        object.members.retain(|(name, value)| value.get() != "null" || is_nullable(name));
        Self::from_object(&object)
    }
}

/// Parses the parameters. `required` replaces the error `<name> is required`.
pub(super) fn parse<T: DeserializeOwned>(
    params: &ParamsText,
    required: Option<&str>,
) -> Result<T, ActionError> {
    let mut reader = serde_json::Deserializer::from_str(params.get());
    let mut track = serde_path_to_error::Track::new();
    T::deserialize(serde_path_to_error::Deserializer::new(&mut reader, &mut track)).map_err(
        |error| {
            let path = track.path().to_string();
            match missing(&error, &path) {
                Some(name) => ActionError::invalid(
                    required.map_or_else(|| format!("{name} is required"), ToOwned::to_owned),
                ),
                None => described(&error, Some(&path)),
            }
        },
    )
}

fn missing(error: &serde_json::Error, path: &str) -> Option<String> {
    let text = error.to_string();
    if text.starts_with(ABSENT) {
        return Some(path.to_owned());
    }
    let name = text.strip_prefix("missing field `")?.split('`').next()?;
    // A member of a nested object is named with its path.
    Some(if matches!(path, "" | ".") { name.to_owned() } else { format!("{path}.{name}") })
}

/// Returns the error that names the parameter and its type.
fn described(error: &serde_json::Error, path: Option<&str>) -> ActionError {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let name = path.filter(|path| !matches!(*path, "" | ".")).unwrap_or("params");
    let message = if let Some(rest) = text.strip_prefix("invalid type: ") {
        let (got, expected) = rest.rsplit_once(", expected ").unwrap_or((rest, "another type"));
        format!("{name} must be {}, not {}", in_words(expected), kind_of(got))
    } else if let Some(rest) = text.strip_prefix("invalid value: ") {
        let expected = rest.rsplit_once(", expected ").map_or(rest, |(_, expected)| expected);
        format!("{name} must be {}", in_words(expected))
    } else if let Some(rest) = text.strip_prefix("unknown variant ") {
        let expected = rest.split_once(", expected ").map_or(rest, |(_, expected)| expected);
        format!("{name} must be {}", expected.replace('`', ""))
    } else if let Some(rest) = text.strip_prefix("duplicate field `") {
        format!("{} is given twice", rest.trim_end_matches('`'))
    } else {
        format!("{name}: {text}")
    };
    ActionError::invalid(message)
}

/// Translates serde's name of an expected type.
fn in_words(expected: &str) -> Cow<'_, str> {
    match expected {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => {
            "an integer".into()
        }
        "f32" | "f64" => "a number".into(),
        "a map" | "map" => "an object".into(),
        "a sequence" | "sequence" => "a list".into(),
        other if other.starts_with("struct ") => "an object".into(),
        other => other.into(),
    }
}

/// Translates serde's description of an unexpected value, without the value.
fn kind_of(got: &str) -> &str {
    match got.split(' ').next().unwrap_or_default() {
        "boolean" => "a boolean",
        "integer" => "an integer",
        "floating" => "a floating-point number",
        "string" => "a string",
        "null" => "null",
        "map" => "an object",
        "sequence" => "a list",
        _ => "that",
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only reading is tested")]
    struct Params {
        title: Text,
        #[serde(default)]
        count: u32,
        #[serde(default)]
        numbers: Vec<f64>,
        #[serde(default)]
        metadata: ObjectText,
        #[serde(default)]
        order: Order,
        #[serde(default)]
        value: Option<JsonText>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Order {
        #[default]
        Asc,
        Desc,
    }

    fn refusal(text: &str) -> String {
        let raw = RawValue::from_string(text.into()).expect("JSON");
        let params = ParamsText::from_json(&raw).expect("an object");
        parse::<Params>(&params, None).expect_err(text).message
    }

    #[test]
    fn a_refusal_names_the_parameter_and_what_it_should_be() {
        for (params, message) in [
            ("{}", "title is required"),
            (r#"{"title":""}"#, "title is required"),
            (r#"{"title":5}"#, "title must be a string, not an integer"),
            (r#"{"title":["x"]}"#, "title must be a string, not a list"),
            (r#"{"title":"x","count":"5"}"#, "count must be an integer, not a string"),
            (r#"{"title":"x","count":-1}"#, "count must be an integer"),
            (
                r#"{"title":"x","count":1.5}"#,
                "count must be an integer, not a floating-point number",
            ),
            (r#"{"title":"x","numbers":[1,"2"]}"#, "numbers[1] must be a number, not a string"),
            (r#"{"title":"x","metadata":[]}"#, "metadata must be an object, not a list"),
            (r#"{"title":"x","metadata":"{}"}"#, "metadata must be an object, not a string"),
            (r#"{"title":"x","order":"up"}"#, "order must be asc or desc"),
            (r#"{"title":"x","title":"y"}"#, "title is given twice"),
            (
                r#"{"title":"x","value":[1e400]}"#,
                "value must be JSON whose numbers a double can hold",
            ),
            (
                r#"{"title":"x","metadata":{"a":-1E+999}}"#,
                "metadata must be JSON whose numbers a double can hold",
            ),
        ] {
            assert_eq!(refusal(params), message, "{params}");
        }
    }

    #[test]
    fn no_refusal_repeats_a_value() {
        let message = refusal(r#"{"title":"x","count":"hunter2"}"#);
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn json_is_kept_as_it_was_written() {
        let text =
            r#"{"title":"x","value": 12345678901234567890123, "metadata": {"b":1.0,"a":[ ]}}"#;
        let raw = RawValue::from_string(text.into()).expect("JSON");
        let params = ParamsText::from_json(&raw).expect("an object");
        let parsed: Params = parse(&params, None).expect("params");
        assert_eq!(parsed.value.expect("a value").0.get(), "12345678901234567890123");
        assert_eq!(parsed.metadata.0.get(), r#"{"b":1.0,"a":[ ]}"#);
    }

    #[test]
    fn null_counts_as_left_out_where_it_is_no_value() {
        let raw = RawValue::from_string(r#"{"title":null,"value":null}"#.into()).expect("JSON");
        let params = ParamsText::from_json(&raw).expect("an object");
        let kept = params.without_nulls(|name| name == "value").expect("an object");
        assert_eq!(kept.get(), r#"{"value":null}"#);
    }
}
