//! Addresses in parameters that name a part of one, such as a repository's name.

use reqwest::Url;
use schemars::{Schema, json_schema};

/// The maximum length of an address, in bytes.
const MAX_ADDRESS: usize = 2048;

/// The maximum length of a path segment, in characters.
const MAX_SEGMENT: usize = 255;

/// Characters that end a path segment, or are decoded into one that does. A URL parser reads `\` as `/`
/// (WHATWG URL Standard, "path state").
const NOT_IN_A_SEGMENT: &[char] = &['/', '\\', '%', '?', '#'];

/// An address in its parts, with or without a scheme: `https://github.com/a/b`, `github.com/a/b`,
/// `git@github.com:a/b.git`, or only a path, `a/b`.
pub(crate) struct Address {
    /// The host in lower case; `None` for a path.
    pub(crate) host: Option<String>,
    /// The path's segments that are not empty.
    pub(crate) path: Vec<String>,
    url: Url,
}

impl Address {
    /// Reads an address. Returns `None` for a string without `/`, and for a string that is not an
    /// address.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let has_dot_segment = text.split('/').any(|part| matches!(part, "." | ".."));
        let is_rejected = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
        if text.len() > MAX_ADDRESS || has_dot_segment || text.contains(is_rejected) {
            return None;
        }
        let (first, rest) = text.split_once('/')?;
        let (has_host, url) = if text.contains("://") {
            (true, Url::parse(text))
        } else if let Some((user_and_host, path)) = first.split_once(':') {
            // In Git's form: `git@github.com:owner/repo.git`.
            (true, Url::parse(&format!("ssh://{user_and_host}/{path}/{rest}")))
        } else if first.contains('.') {
            (true, Url::parse(&format!("https://{text}")))
        } else {
            (false, Url::parse(&format!("https://none.invalid/{}", text.trim_start_matches('/'))))
        };
        let url = url.ok()?;
        let host = has_host.then(|| url.host_str().map(str::to_ascii_lowercase)).flatten();
        let path = url.path_segments()?.filter(|part| !part.is_empty()).map(ToOwned::to_owned);
        let path: Vec<String> = path.collect();
        (host.is_some() == has_host && !path.is_empty()).then_some(Self { host, path, url })
    }

    /// Returns the decoded value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// Returns whether a string is safe as one segment of a path.
pub(crate) fn is_segment(text: &str) -> bool {
    !text.is_empty()
        && text != "."
        && !text.contains("..")
        && !text.contains(|c: char| c.is_control() || NOT_IN_A_SEGMENT.contains(&c))
        && text.chars().count() <= MAX_SEGMENT
}

/// Returns the schema of a name or an address.
pub(crate) fn schema() -> Schema {
    json_schema!({"type": "string", "minLength": 1})
}

/// Implements `JsonSchema` for a type that is read from a name or an address.
macro_rules! name_or_address {
    ($name:ident) => {
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::address::schema()
            }
        }
    };
}
pub(crate) use name_or_address;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_its_scheme() {
        for (text, host, path) in [
            ("https://GitHub.com/a/b/", Some("github.com"), "a b"),
            ("http://user:secret@github.com:8443/a//b?c=d#e", Some("github.com"), "a b"),
            ("github.com/a/b?tab=readme", Some("github.com"), "a b"),
            ("git@github.com:a/b.git", Some("github.com"), "a b.git"),
            ("ssh://git@github.com/a/b.git", Some("github.com"), "a b.git"),
            (" /a/b ", None, "a b"),
            ("a/b#c", None, "a b"),
        ] {
            let address = Address::read(text).expect(text);
            assert_eq!((address.host.as_deref(), &*address.path.join(" ")), (host, path), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_an_address() {
        let long = format!("https://github.com/{}", "a".repeat(MAX_ADDRESS));
        for text in [
            "",
            "a",
            "/",
            "//",
            "a b/c",
            "a\\b/c",
            "../x",
            "a/../b",
            "./a",
            "a/\u{0}",
            "https://",
            "github.com",
            "github.com/",
            &long,
        ] {
            assert!(Address::read(text).is_none(), "{text}");
        }
    }
}
