//! The shared configuration.

use serde_json::value::RawValue;

/// A named value.
#[derive(Clone, Debug)]
pub struct ConfigEntry {
    /// The name as it was first given. No two entries have canonically equivalent names.
    pub key: String,
    /// The JSON value, byte for byte.
    pub value: Box<RawValue>,
}

/// The configuration of a new memory and after a reset: names and JSON texts.
pub const DEFAULT_CONFIG: [(&str, &str); 2] =
    [("max_tasks", "100"), ("default_priority", "\"medium\"")];
