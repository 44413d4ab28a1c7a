//! Where the memory is stored, as the setting says it.

use std::fmt;

use secrecy::SecretString;
use serde::Deserialize;

use super::hidden;

/// A database's URL or path. `Display` and `Debug` hide a password in it.
#[derive(Clone, Deserialize, Eq, PartialEq)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The whole text, with the password: for the one who connects, and for no log.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The passwords in it, spelt as they are there.
    pub(super) fn passwords(&self) -> impl Iterator<Item = SecretString> {
        hidden::passwords(&self.0).into_iter().map(|place| SecretString::from(&self.0[place]))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hidden::hide_passwords(&self.0))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.to_string())
    }
}
