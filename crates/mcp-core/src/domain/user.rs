//! Users: the people and agents who do tasks.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::Timestamp;

/// A user as it is stored.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct User {
    /// The name, byte for byte as it was given. No two users have canonically equivalent names.
    pub username: String,
    /// What the user is to the team; any text.
    pub role: String,
    /// The JSON object that the caller keeps with the user. Kept byte for byte.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub metadata: Box<RawValue>,
    /// When the user was added.
    pub created_at: Timestamp,
    /// When the user was last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// Returns the number of bytes in its texts.
    #[must_use]
    pub fn size(&self) -> usize {
        self.username.len() + self.role.len() + self.metadata.get().len()
    }
}

/// A user to be added.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The name; not canonically equivalent to another user's.
    pub username: String,
    /// The role in the team.
    pub role: String,
    /// A JSON object.
    pub metadata: Box<RawValue>,
}
