//! People and agents that tasks are assigned to.

use serde_json::value::RawValue;

use crate::Timestamp;

/// A user as it is stored.
#[derive(Debug, Clone)]
pub struct User {
    /// The name, byte for byte as it was given. No two users have canonically equivalent names.
    pub username: String,
    /// What the user is to the team; any text.
    pub role: String,
    /// Whatever JSON object the caller keeps with the user.
    pub metadata: Box<RawValue>,
    /// When the user was added.
    pub created_at: Timestamp,
}

/// A user to be added.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The name; not canonically equivalent to another user's.
    pub username: String,
    /// What the user is to the team.
    pub role: String,
    /// A JSON object.
    pub metadata: Box<RawValue>,
}
