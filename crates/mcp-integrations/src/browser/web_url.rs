//! The parameter `url` of the browser's actions.

use std::borrow::Cow;

use mcp_core::action::params::not_given;
use reqwest::Url;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer};

/// The maximum length of a URL, in bytes.
const MAX_URL: usize = 8192;

/// An absolute `http` or `https` URL with a host. The empty string counts as absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WebUrl(Url);

impl WebUrl {
    pub(super) fn into_url(self) -> Url {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        // The URL parser would also accept `http:example.com`, and leading blanks.
        let has_scheme = ["http://", "https://"]
            .iter()
            .any(|start| text.get(..start.len()).is_some_and(|s| s.eq_ignore_ascii_case(start)));
        let url = Url::parse(text).ok().filter(Url::has_host)?;
        (text.len() <= MAX_URL && has_scheme).then_some(Self(url))
    }
}

impl<'de> Deserialize<'de> for WebUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Err(not_given());
        }
        Self::parse(&text).ok_or_else(|| {
            let expected = "an address that starts with http:// or https://, at most 8192 bytes";
            D::Error::invalid_value(Unexpected::Other("a text"), &expected)
        })
    }
}

impl JsonSchema for WebUrl {
    fn schema_name() -> Cow<'static, str> {
        "WebUrl".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "format": "uri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://", "maxLength": MAX_URL,
        })
    }
}
