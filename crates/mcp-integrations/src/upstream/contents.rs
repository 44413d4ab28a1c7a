//! The result of a response of any media type, as JSON text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use mcp_core::dispatch::Redactor;
use serde_json::json;

use super::failure::Failure;
use super::json::{self, Json};

/// The media types of texts outside `text/*`, besides `+xml` and `+yaml`.
const TEXTS: [&str; 8] = [
    "application/xml",
    "application/yaml",
    "application/x-yaml",
    "application/javascript",
    "application/x-ndjson",
    "application/jsonl",
    "application/sql",
    "application/x-www-form-urlencoded",
];

/// Reads a body, without the account's secrets: JSON as it is, an empty body as null, a text as a string, and anything else as
/// [`Contents`](mcp_core::content::Contents) with one block of base64.
///
/// # Errors
/// Returns `UpstreamFailed` if the body is declared as JSON and is not.
pub(super) fn read(
    name: &str,
    headers: &HeaderMap,
    body: Vec<u8>,
    redactor: &Redactor,
) -> Result<Json, Failure> {
    if body.is_empty() {
        return Ok(Json::from_text("null".into()));
    }
    let content_type = headers.get(CONTENT_TYPE);
    let kind = content_type.map(|value| json::media_type(value, redactor));
    let Some(kind) = kind.map(|kind| kind.to_ascii_lowercase()) else {
        return Ok(undeclared(name, body, redactor));
    };
    if json::is_json(&kind) {
        let json = json::read(name, content_type, body, redactor)?;
        return Ok(json.scrubbed(redactor));
    }
    Ok(if is_text(&kind) { text(&body, redactor) } else { binary(&kind, &body) })
}

fn undeclared(name: &str, body: Vec<u8>, redactor: &Redactor) -> Json {
    match String::from_utf8(body) {
        Err(error) => binary("application/octet-stream", error.as_bytes()),
        Ok(body) => json::read(name, None, body.clone().into(), redactor)
            .map_or_else(|_| text(body.as_bytes(), redactor), |json| json.scrubbed(redactor)),
    }
}

fn is_text(kind: &str) -> bool {
    kind.starts_with("text/")
        || kind.ends_with("+xml")
        || kind.ends_with("+yaml")
        || TEXTS.contains(&kind)
}

fn text(body: &[u8], redactor: &Redactor) -> Json {
    let text = String::from_utf8_lossy(body);
    let text = redactor.scrub(text.strip_prefix('\u{feff}').unwrap_or(&text));
    Json::from_text(json!(text).to_string())
}

fn binary(kind: &str, body: &[u8]) -> Json {
    let families = ["image", "audio"];
    let family = families.into_iter().find(|family| kind.split('/').next() == Some(family));
    let block = family.unwrap_or("resource");
    let block = json!({"type": block, "data": STANDARD.encode(body), "mimeType": kind});
    Json::from_text(json!({"content": [block]}).to_string())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn each_media_type_has_its_result() {
        for (kind, body, expected) in [
            (Some("application/json"), &b"{\"a\": 1.0}"[..], r#"{"a": 1.0}"#),
            (Some("application/problem+json; charset=utf-8"), b"[1]", "[1]"),
            (Some("application/json"), b"", "null"),
            (None, b"", "null"),
            (None, b"{\"a\":1}", r#"{"a":1}"#),
            (None, b"hello", r#""hello""#),
            (
                None,
                b"\xff",
                r#"{"content":[{"type":"resource","data":"/w==","mimeType":"application/octet-stream"}]}"#,
            ),
            (Some("text/plain"), b"{\"a\":1}\n", r#""{\"a\":1}\n""#),
            (Some("Text/CSV; charset=utf-8"), b"\xef\xbb\xbfa,b", r#""a,b""#),
            (Some("image/svg+xml"), b"<svg/>", r#""<svg/>""#),
            (
                Some("image/png"),
                b"\x89P",
                r#"{"content":[{"type":"image","data":"iVA=","mimeType":"image/png"}]}"#,
            ),
            (
                Some("audio/ogg"),
                b"O",
                r#"{"content":[{"type":"audio","data":"Tw==","mimeType":"audio/ogg"}]}"#,
            ),
            (
                Some("application/zip"),
                b"PK",
                r#"{"content":[{"type":"resource","data":"UEs=","mimeType":"application/zip"}]}"#,
            ),
        ] {
            let headers = kind.map(|kind| (CONTENT_TYPE, HeaderValue::from_static(kind)));
            let headers = HeaderMap::from_iter(headers);
            let json = read("docs", &headers, body.to_vec(), &Redactor::new([])).expect("a result");
            assert_eq!(json.text(), expected, "{kind:?}");
        }
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("text/json"))]);
        let failure = read("docs", &headers, b"{".to_vec(), &Redactor::new([])).expect_err("JSON");
        assert_eq!(failure.message, "docs answered with truncated JSON");
    }
}
