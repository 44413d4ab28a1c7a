//! Types that the parameters of several actions share.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::params::not_given;
use crate::domain::{FieldChange, TaskId};
use crate::json::{self, Problem};

/// A text that is not empty. The empty text counts as absent.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(inline)]
pub struct Text(#[schemars(length(min = 1))] pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() { Err(not_given()) } else { Ok(Self(text)) }
    }
}

impl<'de> Deserialize<'de> for TaskId {
    /// Zero counts as absent: task numbers start at 1.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match i64::deserialize(deserializer)? {
            0 => Err(not_given()),
            id => Ok(Self(id)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for FieldChange<T> {
    /// Reads `null` as [`FieldChange::Clear`], as in RFC 7396. With `#[serde(default)]`, an absent member keeps.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

/// Any JSON that passes [`json::check`], kept byte for byte.
#[derive(Clone, Debug)]
pub struct JsonText(pub Box<RawValue>);

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        match json::check(text.get()) {
            Ok(()) => Ok(Self(text)),
            Err(Problem::NumberOutOfRange { .. }) => Err(D::Error::invalid_value(
                Unexpected::Other("a large number"),
                &"JSON whose numbers a double can hold",
            )),
            Err(problem) => Err(D::Error::custom(problem)),
        }
    }
}

impl JsonSchema for JsonText {
    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        true.into()
    }
}

/// The text of a JSON object that passes [`json::check`], kept byte for byte.
#[derive(Clone, Debug)]
pub struct ObjectText(pub Box<RawValue>);

impl Default for ObjectText {
    fn default() -> Self {
        Self(RawValue::from_string("{}".into()).expect("an empty object is JSON"))
    }
}

impl<'de> Deserialize<'de> for ObjectText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let JsonText(text) = JsonText::deserialize(deserializer)?;
        match text.get().as_bytes().first() {
            Some(b'{') => Ok(Self(text)),
            first => Err(D::Error::invalid_type(unexpected(first.copied()), &"an object")),
        }
    }
}

impl JsonSchema for ObjectText {
    fn schema_name() -> Cow<'static, str> {
        "Object".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "object"})
    }
}

/// Returns serde's name for a JSON value that starts with this byte.
pub(crate) fn unexpected(first: Option<u8>) -> serde::de::Unexpected<'static> {
    match first {
        Some(b'{') => Unexpected::Map,
        Some(b'[') => Unexpected::Seq,
        Some(b'"') => Unexpected::Other("string"),
        Some(b't' | b'f') => Unexpected::Other("boolean"),
        Some(b'n') => Unexpected::Other("null"),
        _ => Unexpected::Other("integer"),
    }
}
