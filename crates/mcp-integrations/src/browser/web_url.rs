//! The address of a web page.

use std::borrow::Cow;

use mcp_core::action::params::not_given;
use reqwest::Url;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer};

/// The longest address, in bytes.
const LONGEST: usize = 8192;

/// An absolute `http` or `https` address with a host. The empty text counts as not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebUrl(Url);

impl WebUrl {
    /// The address, as the WHATWG URL Standard reads it.
    #[must_use]
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The address itself.
    #[must_use]
    pub fn into_url(self) -> Url {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        // A URL parser would also take `http:example.com`, and blanks before it.
        let has_scheme = ["http://", "https://"]
            .iter()
            .any(|start| text.get(..start.len()).is_some_and(|s| s.eq_ignore_ascii_case(start)));
        let url = Url::parse(text).ok().filter(Url::has_host)?;
        (text.len() <= LONGEST && has_scheme).then_some(Self(url))
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
            "type": "string", "format": "uri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://", "maxLength": LONGEST,
        })
    }
}
