//! Values that agents share under a name.

use serde_json::value::RawValue;

/// A value under its name.
#[derive(Clone, Debug)]
pub struct ConfigEntry {
    /// The name, byte for byte as it was first given. No two entries have canonically equivalent names.
    pub key: String,
    /// Any JSON, as it was given.
    pub value: Box<RawValue>,
}

/// What a new memory and one after a reset hold: names and JSON texts.
pub const DEFAULT_CONFIG: [(&str, &str); 2] =
    [("max_tasks", "100"), ("default_priority", "\"medium\"")];
