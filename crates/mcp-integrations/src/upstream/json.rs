//! The JSON of a response's body.

use std::sync::Arc;

use http::header::LINK;
use http::{HeaderMap, HeaderValue};
use mcp_core::dispatch::Redactor;
use mcp_core::json::{Problem, check_within};
use mcp_core::{ActionError, ErrorCode};
use serde::Deserialize;

use super::failure::Failure;

/// The nesting limit: a node of a Figma file is two levels.
const MAX_DEPTH: usize = 512;

/// The unchanged JSON text of a response. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Json {
    text: Arc<String>,
    has_more: bool,
}

impl Json {
    /// Creates a complete result of text that is JSON.
    pub(super) fn from_text(text: String) -> Self {
        Self { text: Arc::new(text), has_more: false }
    }

    /// Redacts the secrets that the upstream sent back.
    pub(super) fn scrubbed(self, redactor: &Redactor) -> Self {
        let text = Arc::unwrap_or_clone(self.text);
        Self { text: Arc::new(redactor.scrub_json(text)), ..self }
    }

    /// Returns the JSON text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Returns whether the response says that another page follows.
    pub(crate) fn has_more(&self) -> bool {
        self.has_more
    }

    /// Notes whether the headers name a next page: `Link` with `rel="next"` (RFC 8288).
    pub(super) fn paged(mut self, headers: &HeaderMap) -> Self {
        let links = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
        self.has_more = links.flat_map(|line| line.split(',')).any(|link| {
            let mut parts = link.split(';').map(str::trim);
            parts.next().is_some() && parts.any(|it| matches!(it, "rel=\"next\"" | "rel=next"))
        });
        self
    }

    /// Deserializes the JSON. `name` is the upstream's name.
    ///
    /// # Errors
    /// Returns `UpstreamFailed` if the JSON does not have the documented form.
    pub(crate) fn read<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Result<T, ActionError> {
        serde_json::from_str(&self.text).map_err(|error| {
            let message = format!("{name}'s JSON does not have the documented form");
            ActionError::new(ErrorCode::UpstreamFailed, message).caused_by(error)
        })
    }
}

/// Reads the JSON in a body.
///
/// # Errors
/// Returns `UpstreamFailed` if the content type is not JSON, or if the body is not JSON. A missing
/// content type is accepted.
pub(super) fn read(
    name: &str,
    content_type: Option<&HeaderValue>,
    body: Vec<u8>,
    redactor: &Redactor,
) -> Result<Json, Failure> {
    let failed =
        |message: &str| Failure::new(ErrorCode::UpstreamFailed, format!("{name}{message}"));
    if body.is_empty() {
        return Err(failed(" answered with an empty body where JSON was expected"));
    }
    let kind = content_type.map(|value| media_type(value, redactor));
    if let Some(kind) = kind.filter(|kind| !is_json(kind)) {
        return Err(failed(&format!(" answered with {kind} where JSON was expected")));
    }
    let not_json = " answered with invalid JSON";
    let mut text = String::from_utf8(body)
        .map_err(|error| failed(not_json).caused_by(error.utf8_error().to_string()))?;
    if text.starts_with('\u{feff}') {
        // RFC 8259, section 8.1.
        text.remove(0);
    }
    let mut checked = check_within(&text, MAX_DEPTH);
    if matches!(checked, Err(Problem::LoneSurrogate { .. })) {
        text = with_whole_characters(&text);
        checked = check_within(&text, MAX_DEPTH);
    }
    match checked {
        Ok(()) => {
            // The cache may keep it, and the buffer is larger than the text.
            text.shrink_to_fit();
            Ok(Json::from_text(text))
        }
        Err(Problem::Syntax(error)) if error.is_eof() => {
            Err(failed(" answered with truncated JSON").caused_by(error.to_string()))
        }
        Err(Problem::Syntax(error)) => Err(failed(not_json).caused_by(error.to_string())),
        Err(problem) => Err(failed(&format!(" answered with unsupported JSON: {problem}"))),
    }
}

/// Replaces each escaped half of a surrogate pair by U+FFFD: an upstream may cut a text within an
/// emoji.
pub(super) fn with_whole_characters(text: &str) -> String {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut whole, mut copied, mut at) = (String::with_capacity(text.len()), 0, 0);
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
        at += found;
        at += match (unit(at), unit(at + 6)) {
            (None, _) => 2,
            (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => 12,
            (Some(0xD800..0xE000), _) => {
                whole.push_str(&text[copied..at]);
                whole.push_str("\\ufffd");
                copied = at + 6;
                6
            }
            (Some(_), _) => 6,
        };
    }
    whole.push_str(&text[copied..]);
    whole
}

/// Returns the media type of a header, if it can be shown.
pub(super) fn media_type(value: &HeaderValue, redactor: &Redactor) -> String {
    let text = redactor.scrub(value.to_str().unwrap_or_default());
    let kind = text.split(';').next().unwrap_or_default().trim();
    let is_token = |c: char| c.is_ascii_alphanumeric() || "/.+-_".contains(c);
    if (1..=100).contains(&kind.len()) && kind.chars().all(is_token) {
        kind.into()
    } else {
        "an unknown content type".into()
    }
}

pub(super) fn is_json(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    matches!(&*kind, "application/json" | "text/json") || kind.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(content_type: Option<&'static str>, body: &[u8]) -> Option<String> {
        let content_type = content_type.map(HeaderValue::from_static);
        let redactor = Redactor::new(["ghp_Secret".to_owned()]);
        let read = read("GitHub", content_type.as_ref(), body.to_vec(), &redactor);
        read.err().map(|failure| failure.message)
    }

    #[test]
    fn a_link_says_whether_a_page_follows() {
        for (link, has_more) in [
            (
                r#"<https://api.github.com/x?page=2>; rel="next", <https://api.github.com/x?page=9>; rel="last""#,
                true,
            ),
            (r#"<https://api.github.com/x?page=1>; rel="prev""#, false),
            (r#"<https://api.github.com/next>; title="next"; rel=next"#, true),
            ("next", false),
        ] {
            let headers = HeaderMap::from_iter([(LINK, HeaderValue::from_static(link))]);
            let json = read("GitHub", None, b"[]".to_vec(), &Redactor::new([])).expect("JSON");
            assert_eq!(json.paged(&headers).has_more(), has_more, "{link}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_json() {
        let body = b"\xef\xbb\xbf{\"a\":1}".to_vec();
        let json = read("GitHub", None, body, &Redactor::new([])).expect("JSON");
        assert_eq!(*json.text, "{\"a\":1}");
    }

    #[test]
    fn half_of_a_surrogate_pair_is_replaced() {
        for (text, expected) in [
            (r#"["a\ud83d"]"#, r#"["a\ufffd"]"#),
            (r#"["\udc00\ud83d\ude00\\\ud83d\n"]"#, r#"["\ufffd\ud83d\ude00\\\ufffd\n"]"#),
            (r#"["\ud83d\ud83d\ude00", 1.0]"#, r#"["\ufffd\ud83d\ude00", 1.0]"#),
        ] {
            let json = read("Figma", None, text.into(), &Redactor::new([])).expect("JSON");
            assert_eq!(*json.text, expected);
        }
        assert!(message(None, b"[\"\\ud800\", \"\\\xc3\xa9\"]").is_some());
    }

    #[test]
    fn json_is_taken_whatever_its_kind_is_called() {
        for kind in [
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON",
            "application/vnd.github+json",
        ] {
            assert_eq!(message(Some(kind), b"{}"), None, "{kind}");
        }
        assert_eq!(message(None, b" [1, 2]\n"), None);
    }

    #[test]
    fn everything_else_is_a_clear_error() {
        let json = Some("application/json");
        for (content_type, body, text) in [
            (json, &b""[..], " answered with an empty body where JSON was expected"),
            (
                Some("text/html; charset=utf-8"),
                b"<html>",
                " answered with text/html where JSON was expected",
            ),
            (Some("Text/Plain"), b"x", " answered with Text/Plain where JSON was expected"),
            (
                Some("text/ghp_Secret"),
                b"x",
                " answered with an unknown content type where JSON was expected",
            ),
            (
                Some("<b>\"x"),
                b"{}",
                " answered with an unknown content type where JSON was expected",
            ),
            (json, br#"{"items":[{"id":1},{"#, " answered with truncated JSON"),
            (json, br#"{"items"#, " answered with truncated JSON"),
            (json, b"<html></html>", " answered with invalid JSON"),
            (json, b"{} {}", " answered with invalid JSON"),
            (json, b"\"\xff\"", " answered with invalid JSON"),
        ] {
            assert_eq!(message(content_type, body), Some(format!("GitHub{text}")), "{body:?}");
        }
    }
}
