//! JSON text: written, and looked into without being rebuilt, so that what was given is kept as it was.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::ActionError;

/// A value as JSON text.
///
/// # Errors
/// When it is no JSON (a key that is no text), which is a fault of the program.
pub fn text(value: &impl Serialize) -> Result<String, ActionError> {
    serde_json::to_string(value).map_err(ActionError::internal)
}

/// Every name and text in JSON text, without escapes; half of a surrogate pair stands as U+FFFD.
pub fn strings(json: &str) -> impl Iterator<Item = String> {
    let mut rest = json;
    std::iter::from_fn(move || {
        let literal = &rest[rest.find('"')?..];
        let mut is_escaped = false;
        let is_end = |&(_, byte): &(usize, u8)| {
            let is_end = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            is_end
        };
        let (end, _) = literal.bytes().enumerate().skip(1).find(is_end)?;
        rest = &literal[end + 1..];
        let text = serde_json::from_str(&literal[..=end]);
        // What is no literal is in no JSON.
        Some(text.map_or_else(|_| literal[..=end].to_owned(), |Lossy(text)| text))
    })
}

/// A text of which half a surrogate pair may be a part.
struct Lossy(String);

impl<'de> Deserialize<'de> for Lossy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Lossy;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Lossy, E> {
                Ok(Lossy(String::from_utf8_lossy(bytes).into_owned()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// The members of a JSON object in their order, each value as it was written. A name that is
/// given twice is there twice.
pub struct RawObject<'a> {
    /// Names and values.
    pub members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> RawObject<'a> {
    /// Reads the text of an object, and of nothing else.
    pub fn parse(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }
}

/// A member's name, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for RawObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RawObject<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawObject<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &RawValue>()? {
                    members.push((name, value));
                }
                Ok(RawObject { members })
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl Serialize for RawObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.members.len()))?;
        for (name, value) in &self.members {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_found_without_its_escapes() {
        let text = r#"{ "a" : ["\\", "\\\"b", 1e999, {"\u0073\n":""}], "\ud800c": "ü" }"#;
        let found: Vec<String> = strings(text).collect();
        assert_eq!(found[..5], ["a", "\\", "\\\"b", "s\n", ""]);
        assert!(found[5].ends_with('c') && found[6] == "ü" && found.len() == 7, "{found:?}");
        for none in ["", "1", "[]", "\""] {
            assert_eq!(strings(none).count(), 0, "{none}");
        }
    }
}
