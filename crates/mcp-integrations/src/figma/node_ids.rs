//! Which nodes of a file.

use std::borrow::Cow;
use std::fmt;

use mcp_core::action::params::not_given;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// The most nodes of one call: their numbers go into one address.
const MOST: usize = 200;

/// The numbers of a file's nodes, such as `1:2`: at least one, at most 200. Read from a list of
/// texts or from one text with commas; none at all counts as not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeIds(Vec<String>);

impl NodeIds {
    /// The numbers with commas between them, as Figma's `ids` takes them.
    #[must_use]
    pub fn joined(&self) -> String {
        self.0.join(",")
    }

    fn read<E: Error>(ids: Vec<String>) -> Result<Self, E> {
        match ids.len() {
            0 => Err(not_given()),
            1..=MOST => Ok(Self(ids)),
            _ => Err(E::invalid_value(Unexpected::Seq, &"at most 200 node ids")),
        }
    }
}

fn split(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(str::trim).filter(|id| !id.is_empty()).map(ToOwned::to_owned)
}

impl<'de> Deserialize<'de> for NodeIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ids;
        impl<'de> Visitor<'de> for Ids {
            type Value = NodeIds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of node ids or a text of them with commas between")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<NodeIds, E> {
                NodeIds::read(split(text).collect())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<NodeIds, A::Error> {
                let mut ids = Vec::new();
                while let Some(text) = list.next_element::<Cow<'de, str>>()? {
                    ids.extend(split(&text));
                }
                NodeIds::read(ids)
            }
        }
        deserializer.deserialize_any(Ids)
    }
}

impl JsonSchema for NodeIds {
    fn schema_name() -> Cow<'static, str> {
        "NodeIds".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [
            {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": MOST},
            {"type": "string", "minLength": 1},
        ]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_and_a_text_with_commas_are_the_same() {
        for ids in [r#"["1:2","3:4"]"#, r#""1:2,3:4""#, r#"" 1:2, 3:4,""#, r#"["1:2,3:4",""]"#] {
            let read: NodeIds = serde_json::from_str(ids).expect(ids);
            assert_eq!(read.joined(), "1:2,3:4", "{ids}");
        }
    }
}
