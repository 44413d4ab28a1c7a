//! The parameter `node_ids`.

use std::borrow::Cow;
use std::fmt;

use mcp_core::action::params::not_given;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::file_key::{FileKey, node_id};
use crate::address::Address;

/// The maximum number of nodes per call: all their ids are in one URL.
const MAX_NODES: usize = 200;

/// The expected form, as errors show it.
const EXPECTED: &str = "node ids such as 1:2, or addresses with node-id=1-2 in them";

/// The ids of a file's nodes, such as `1:2`: from 1 to 200. Read from a list of strings or from one
/// comma-separated string; an empty one counts as absent. Of an address, its `node-id` is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NodeIds {
    ids: Vec<String>,
    /// The keys of the files in the addresses.
    files: Vec<String>,
}

impl NodeIds {
    /// Creates the list of one node, which a file's address selects.
    pub(super) fn one(id: String) -> Self {
        Self { ids: vec![id], files: Vec::new() }
    }

    /// Returns the ids as Figma's `ids` parameter: comma-separated.
    pub(super) fn joined(&self) -> String {
        self.ids.join(",")
    }

    /// Returns the keys of the files in the addresses.
    pub(super) fn files(&self) -> &[String] {
        &self.files
    }

    /// Adds the ids of a comma-separated string.
    fn add<E: Error>(&mut self, text: &str) -> Result<(), E> {
        for text in text.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            if !text.contains(['/', '=']) {
                self.ids.push(node_id(text));
                continue;
            }
            let wrong = || E::invalid_value(Unexpected::Other("a text"), &EXPECTED);
            let id = match (Address::read(text), text.trim_start_matches('?')) {
                (Some(address), _) => {
                    let file = FileKey::of_address(&address).ok_or_else(wrong)?;
                    self.files.push(file.key);
                    file.node
                }
                (None, query) => {
                    let address = Address::read(&format!("/none?{query}")).ok_or_else(wrong)?;
                    address.query("node-id").map(|id| node_id(&id))
                }
            };
            self.ids.push(id.filter(|id| !id.is_empty()).ok_or_else(wrong)?);
        }
        Ok(())
    }

    fn checked<E: Error>(self) -> Result<Self, E> {
        match self.ids.len() {
            0 => Err(not_given()),
            1..=MAX_NODES => Ok(self),
            _ => Err(E::invalid_value(Unexpected::Seq, &"at most 200 node ids")),
        }
    }
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
                let mut ids = NodeIds::default();
                ids.add(text)?;
                ids.checked()
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<NodeIds, A::Error> {
                let mut ids = NodeIds::default();
                while let Some(text) = list.next_element::<Cow<'de, str>>()? {
                    ids.add(&text)?;
                }
                ids.checked()
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
            {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": MAX_NODES},
            {"type": "string", "minLength": 1},
        ]})
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_and_a_text_with_commas_are_the_same() {
        for ids in [r#"["1:2","3:4"]"#, r#""1:2,3:4""#, r#"" 1:2, 3:4,""#, r#"["1:2,3:4",""]"#] {
            let read: NodeIds = serde_json::from_str(ids).expect(ids);
            assert_eq!(read.joined(), "1:2,3:4", "{ids}");
        }
    }

    #[test]
    fn the_node_of_an_address_is_understood() {
        let address = "https://www.figma.com/design/AbC123/Title?node-id=1-2&t=x";
        for (ids, joined, files) in [
            (json!(address), "1:2", &["AbC123"][..]),
            (json!([address, "3-4", "I5-6;7-8"]), "1:2,3:4,I5:6;7:8", &["AbC123"]),
            (json!("node-id=1-2"), "1:2", &[]),
            (json!("?node-id=1%3A2&m=dev"), "1:2", &[]),
            (json!("1-2, 3:4"), "1:2,3:4", &[]),
        ] {
            let read: NodeIds = serde_json::from_value(ids.clone()).expect("node ids");
            assert_eq!(read.joined(), joined, "{ids}");
            assert_eq!(read.files(), files, "{ids}");
        }
    }

    #[test]
    fn an_address_without_a_node_is_refused_with_what_to_give() {
        for ids in [
            "https://www.figma.com/design/AbC123/Title",
            "https://example.com/design/AbC123/x?node-id=1-2",
            "https://www.figma.com/design/AbC123/Title?node-id=",
            "t=x",
        ] {
            let refusal = serde_json::from_value::<NodeIds>(json!([ids])).expect_err(ids);
            assert!(refusal.to_string().contains(EXPECTED), "{refusal}");
        }
    }
}
