//! The bytes of a body.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderValue;
use mcp_core::json::RawObject;
use mcp_core::{ActionError, json};
use serde_json::value::RawValue;

use super::body::{Body, Fields, Media};
use super::style::{Pairs, Style, Writing, plain};

/// A member of a body.
pub(super) type Member<'a> = (Cow<'a, str>, &'a RawValue);

/// A body with its media type.
type Encoded = (HeaderValue, Bytes);

/// The start of a text that is bytes in base64.
const BASE64: &str = "base64:";

/// Encodes a body of these members.
///
/// # Errors
/// Returns `InvalidParams` if the value of a member cannot be sent.
pub(super) fn members(body: &Body, members: Vec<Member<'_>>) -> Result<Encoded, ActionError> {
    match &body.media {
        Media::Json | Media::Raw => {
            let text = json::text(&RawObject { members })?;
            Ok((content_type(body)?, text.into()))
        }
        Media::Form(fields) => Ok((content_type(body)?, form(fields, &members).into())),
        Media::Multipart(fields) => multipart(fields, &members),
    }
}

/// Encodes a body that is one parameter.
///
/// # Errors
/// Returns `InvalidParams` if the value cannot be sent.
pub(super) fn whole(body: &Body, value: &RawValue) -> Result<Encoded, ActionError> {
    match &body.media {
        Media::Json => Ok((content_type(body)?, Bytes::copy_from_slice(value.get().as_bytes()))),
        Media::Raw => {
            let key = body.key.as_deref().unwrap_or("body");
            Ok((content_type(body)?, bytes(key, value)?.into()))
        }
        Media::Form(_) | Media::Multipart(_) => {
            let object = RawObject::parse(value.get()).map_err(|_| {
                let key = body.key.as_deref().unwrap_or("body");
                ActionError::invalid(format!("{key} must be an object with the fields of the form"))
            })?;
            members(body, object.members)
        }
    }
}

fn content_type(body: &Body) -> Result<HeaderValue, ActionError> {
    HeaderValue::from_str(&body.content_type).map_err(ActionError::internal)
}

fn form(fields: &Fields, members: &[Member<'_>]) -> String {
    let mut pairs = Pairs::default();
    for (name, value) in members.iter().filter(|(_, value)| value.get() != "null") {
        // An object without an encoding of its own is sent as JSON.
        let style = if value.get().starts_with('{') { Style::Json } else { Style::Form };
        let usual = Writing { style, explode: true, reserved: false };
        let writing = fields.get(&**name).and_then(|field| field.writing).unwrap_or(usual);
        writing.pairs(name, value, &mut pairs);
    }
    pairs.0
}

/// Encodes `multipart/form-data` (RFC 7578). Each item of a list is a part, and an object is JSON.
fn multipart(fields: &Fields, members: &[Member<'_>]) -> Result<Encoded, ActionError> {
    let boundary = format!("{:032x}", fastrand::u128(..));
    let mut body = Vec::new();
    for (name, value) in members.iter().filter(|(_, value)| value.get() != "null") {
        let items: Vec<&RawValue> = if value.get().starts_with('[') {
            serde_json::from_str(value.get()).map_err(ActionError::internal)?
        } else {
            vec![value]
        };
        let field = fields.get(&**name);
        let is_binary = field.is_some_and(|field| field.is_binary);
        let own = field.and_then(|field| field.content_type.as_deref());
        let quoted = quoted(name);
        for item in items {
            let is_json = item.get().starts_with(['{', '[']);
            let (file, kind) = match own {
                Some(kind) if is_binary => (format!("; filename=\"{quoted}\""), Some(kind)),
                None if is_binary => {
                    (format!("; filename=\"{quoted}\""), Some("application/octet-stream"))
                }
                None if is_json => (String::new(), Some("application/json")),
                own => (String::new(), own),
            };
            let kind = kind.map_or_else(String::new, |kind| format!("Content-Type: {kind}\r\n"));
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{quoted}\"{file}\r\n{kind}\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            if is_binary {
                body.extend_from_slice(&bytes(name, item)?);
            } else {
                body.extend_from_slice(plain(item).as_bytes());
            }
            body.extend_from_slice(b"\r\n");
        }
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let content_type = format!("multipart/form-data; boundary={boundary}");
    let content_type = HeaderValue::from_str(&content_type).map_err(ActionError::internal)?;
    Ok((content_type, body.into()))
}

/// Escapes a name as browsers do (HTML, "multipart/form-data encoding algorithm").
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// Returns the bytes of a text, which may be base64 behind `base64:`.
fn bytes(key: &str, value: &RawValue) -> Result<Vec<u8>, ActionError> {
    let text = plain(value);
    let Some(encoded) = text.strip_prefix(BASE64) else { return Ok(text.as_bytes().to_vec()) };
    let encoded: String = encoded.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(encoded).map_err(|_| {
        let key: String = key.chars().take(100).collect();
        ActionError::invalid(format!("{key} is not valid base64 after \"base64:\""))
    })
}
