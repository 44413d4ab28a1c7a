//! The web pages that may call from a browser.

use std::fmt;

use reqwest::Url;

/// The origins that a browser's request may come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CorsOrigins {
    /// Every origin.
    Any,
    /// These origins, spelled as in a browser's `Origin` header: lower case, without a path and without
    /// the scheme's default port. An empty list allows no origin.
    Listed(Vec<String>),
}

impl CorsOrigins {
    pub(super) const EXPECTED: &str =
        "* alone, or origins such as https://app.example.com, without a path";

    /// Returns the origins that are trusted by name; `*` trusts none.
    #[must_use]
    pub fn listed(&self) -> &[String] {
        match self {
            Self::Any => &[],
            Self::Listed(origins) => origins,
        }
    }

    pub(super) fn parse(entries: &[&str]) -> Option<Self> {
        if entries == ["*"] {
            return Some(Self::Any);
        }
        entries.iter().map(|entry| origin(entry)).collect::<Option<_>>().map(Self::Listed)
    }
}

impl fmt::Display for CorsOrigins {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("*"),
            Self::Listed(origins) => formatter.write_str(&origins.join(",")),
        }
    }
}

fn origin(text: &str) -> Option<String> {
    let (_, authority) = text.split_once("://")?;
    // The URL parser encodes other letters as punycode.
    let is_plain = |letter: char| letter.is_alphanumeric() || "-._:[]".contains(letter);
    if authority.is_empty() || !authority.chars().all(is_plain) {
        return None;
    }
    let origin = Url::parse(text).ok().filter(Url::has_host)?.origin();
    // An opaque origin has a scheme of an application, such as vscode-webview.
    let opaque = || authority.is_ascii().then(|| text.to_ascii_lowercase());
    if origin.is_tuple() { Some(origin.ascii_serialization()) } else { opaque() }
}
