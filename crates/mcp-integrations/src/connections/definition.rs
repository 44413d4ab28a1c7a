//! A tool as its system defines it.

use mcp_core::Effect;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A tool of a connected system: an MCP server's tool or an operation of an HTTP API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Definition {
    /// The name that the system knows.
    pub(crate) name: String,
    /// A title for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    /// The description as the system gave it.
    #[serde(default)]
    pub(crate) description: String,
    /// The schema of the parameters: JSON Schema 2020-12 of an object.
    pub(crate) params: Value,
    /// Whether the tool only reads.
    #[serde(default)]
    pub(crate) read_only: bool,
    /// Whether a write only adds.
    #[serde(default)]
    pub(crate) additive: bool,
    /// Whether repeating a write changes nothing more.
    #[serde(default)]
    pub(crate) idempotent: bool,
}

impl Definition {
    pub(crate) fn effect(&self) -> Effect {
        if self.read_only { Effect::Read } else { Effect::Write }
    }

    /// Returns the SHA-256 of the definition in hexadecimal. A change of it is noticed.
    pub(crate) fn digest(&self) -> String {
        let text = serde_json::to_string(self).expect("a definition is JSON");
        format!("{:x}", Sha256::digest(text))
    }
}
