//! The URL or path of the database.

use std::fmt;

use secrecy::SecretString;

use super::hidden;

/// A database's URL or path. `Display` and `Debug` hide its passwords.
#[derive(Clone, Eq, PartialEq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && !text.contains(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    /// Returns the whole text, passwords included. It must not be logged.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn passwords(&self) -> impl Iterator<Item = SecretString> {
        hidden::passwords(&self.0).into_iter().map(|range| self.0[range].into())
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
