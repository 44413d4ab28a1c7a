//! The parameter `file_key`: a file's key or address.

use mcp_core::action::params::not_given;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer};

use crate::address::{Address, is_segment, name_or_address};

/// The path segments before a file's key.
const FILE_TYPES: &[&str] =
    &["file", "design", "proto", "board", "slides", "deck", "make", "buzz", "site", "figjam"];

/// The expected form, as errors show it.
const EXPECTED: &str = "a file's key such as AbC123dEf456, or its address such as \
                        https://www.figma.com/design/AbC123dEf456/Title";

/// A file's key, and the node that the file's address selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileKey {
    pub(super) key: String,
    pub(super) node: Option<String>,
}

name_or_address!(FileKey);

impl FileKey {
    /// Reads the address of a file. Returns `None` for any other address.
    pub(super) fn of_address(address: &Address) -> Option<Self> {
        let is_figma = |host: &str| {
            ["figma.com", "figma-gov.com"].iter().any(|site| {
                host.strip_suffix(site).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            })
        };
        if address.host.as_deref().is_some_and(|host| !is_figma(host)) {
            return None;
        }
        let path: Vec<&str> = address.path.iter().map(String::as_str).collect();
        let key = match path[..] {
            ["embed"] => return Self::of_address(&Address::read(&address.query("url")?)?),
            // A branch is a file of its own.
            [file_type, _, "branch", key, ..] | [file_type, key, ..]
                if FILE_TYPES.contains(&file_type) =>
            {
                key
            }
            ["v1", "files", key, ..] => key,
            _ => return None,
        };
        let node = address.query("node-id").map(|node| node_id(&node));
        is_segment(key).then(|| Self { key: key.to_owned(), node })
    }
}

impl<'de> Deserialize<'de> for FileKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let text = text.trim_matches(' ');
        if text.is_empty() {
            return Err(not_given());
        }
        let key = if is_segment(text) {
            Some(Self { key: text.to_owned(), node: None })
        } else {
            Address::read(text).and_then(|address| Self::of_address(&address))
        };
        key.ok_or_else(|| D::Error::invalid_value(Unexpected::Other("a text"), &EXPECTED))
    }
}

/// Returns a node's id in the form of the API: addresses contain `1-2` for `1:2`.
pub(super) fn node_id(text: &str) -> String {
    let is_id = |c: char| c.is_ascii_digit() || matches!(c, '-' | ';' | 'I');
    if text.chars().all(is_id) { text.replace('-', ":") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<FileKey, String> {
        serde_json::from_value(text.into()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_key_of_an_address_is_understood() {
        for (text, key, node) in [
            (" AbC123 ", "AbC123", None),
            ("https://www.figma.com/design/AbC123/Landing-page", "AbC123", None),
            ("https://www.figma.com/file/AbC123/A%20b?node-id=1%3A2&t=x", "AbC123", Some("1:2")),
            ("https://figma.com/proto/AbC123/x?node-id=I5-6%3B7-8", "AbC123", Some("I5:6;7:8")),
            ("http://www.figma.com/board/AbC123", "AbC123", None),
            ("www.figma.com/slides/AbC123/Deck", "AbC123", None),
            ("https://www.figma.com/design/AbC123/branch/Br456/Title", "Br456", None),
            ("https://embed.figma.com/design/AbC123/x?embed-host=share", "AbC123", None),
            (
                "https://www.figma.com/embed?embed_host=share&url=https%3A%2F%2Fwww.figma.com%2F\
                 file%2FAbC123%2Fx%3Fnode-id%3D1-2",
                "AbC123",
                Some("1:2"),
            ),
            ("https://api.figma.com/v1/files/AbC123/nodes?ids=1:2", "AbC123", None),
            ("https://www.figma-gov.com/design/AbC123/x", "AbC123", None),
            ("design/AbC123/Landing-page", "AbC123", None),
        ] {
            let expected = FileKey { key: key.into(), node: node.map(ToOwned::to_owned) };
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_to_give() {
        for text in [
            "https://www.figma.com/community/file/123456/Kit",
            "https://www.figma.com/files/team/123/project/456",
            "https://www.figma.com/",
            "https://www.figma.com/design/",
            "https://www.figma.com/design/a%2fb/x",
            "https://notfigma.com/design/AbC123/x",
            "https://github.com/a/b",
            "https://www.figma.com/embed?url=x",
            "AbC123/Landing-page",
            "..",
            "a b/c",
        ] {
            let refusal = read(text).expect_err(text);
            assert!(refusal.contains(EXPECTED), "{text}: {refusal}");
        }
    }
}
