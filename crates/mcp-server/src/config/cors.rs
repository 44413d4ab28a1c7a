//! Which web pages may call from a browser.

use serde::{Deserialize, Deserializer};

/// The origins that a browser's request may come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CorsOrigins {
    /// Every page.
    Any,
    /// These alone, spelt as a browser's `Origin` header spells them: lower case, without a path and
    /// without the scheme's own port. An empty list allows none.
    Listed(Vec<String>),
}

impl CorsOrigins {
    /// The origins that are trusted by name. The wildcard trusts nobody.
    #[must_use]
    pub fn listed(&self) -> &[String] {
        match self {
            Self::Any => &[],
            Self::Listed(origins) => origins,
        }
    }
}

impl<'de> Deserialize<'de> for CorsOrigins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let origins = Vec::<String>::deserialize(deserializer)?;
        Ok(if origins == ["*"] { Self::Any } else { Self::Listed(origins) })
    }
}
