//! Actions over the configuration: named values that agents share.

mod get;
mod update;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::Group;
use crate::domain::ConfigEntry;
pub(crate) use get::GetConfig;
pub(crate) use update::UpdateConfig;

const GROUP: Group = Group::new(
    "config",
    "setting option preference config parameter variable flag default timeout language locale theme mode timezone retries verbosity",
);

/// Names and values in order, written as an object. A repeated name keeps its last value.
#[derive(Debug, Default)]
pub struct ConfigMap(Vec<(String, Box<RawValue>)>);

impl ConfigMap {
    fn set(&mut self, key: String, value: Box<RawValue>) {
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some(entry) => entry.1 = value,
            None => self.0.push((key, value)),
        }
    }
}

impl From<Vec<ConfigEntry>> for ConfigMap {
    fn from(entries: Vec<ConfigEntry>) -> Self {
        Self(entries.into_iter().map(|entry| (entry.key, entry.value)).collect())
    }
}

impl Serialize for ConfigMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl JsonSchema for ConfigMap {
    fn schema_name() -> Cow<'static, str> {
        "ConfigMap".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "Any JSON value under each name",
            "additionalProperties": true,
        })
    }
}

fn json(text: &'static str) -> Box<RawValue> {
    RawValue::from_string(text.into()).expect("a JSON literal")
}
