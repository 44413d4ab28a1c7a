//! The log of actions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Position;
use crate::Timestamp;

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogStatus {
    /// It succeeded.
    Success,
    /// It failed.
    Error,
}

impl LogStatus {
    /// Returns the name that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
        }
    }
}

/// A call in the log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct LogEntry {
    /// When the action was called.
    pub timestamp: Timestamp,
    /// The action's name, as it was called.
    pub action: String,
    /// `{"params": …, "result": "…"}`: the parameters with their secrets hidden, and at most 200
    /// characters of the result.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub payload: Box<RawValue>,
    /// How it ended: `success` or `error`.
    pub status: String,
}

impl LogEntry {
    /// Returns the size of the entry in bytes, about.
    #[must_use]
    pub fn size(&self) -> usize {
        self.action.len() + self.payload.get().len() + self.status.len()
    }
}

/// A range of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRange {
    /// The entry before the range.
    pub after: Position,
    /// The last entry of the range.
    pub through: Position,
}
