//! The authorities that a request names.

use actix_web::{
    dev::RequestHead,
    http::{
        Version,
        header::{self, HeaderValue},
    },
};

pub use crate::authority::{Authority, Host, Malformed};

/// Returns the authorities that a request names, at least one: its `Host` header and the authority of
/// its target (RFC 9112 section 3.2.2).
///
/// HTTP/1 needs exactly one `Host`; in HTTP/2 the target may replace it (RFC 9113 section 8.3.1).
pub fn of_request(head: &RequestHead) -> Result<Vec<Authority>, Malformed> {
    let mut found = Vec::with_capacity(2);
    let mut lines = head.headers.get_all(header::HOST);
    match (lines.next(), lines.next()) {
        (Some(line), None) => found.push(line.to_str().map_err(|_| Malformed)?.parse()?),
        (None, None) if head.version >= Version::HTTP_2 => {}
        _ => return Err(Malformed),
    }
    if let Some(target) = head.uri.authority() {
        found.push(target.as_str().parse()?);
    }
    if found.is_empty() { Err(Malformed) } else { Ok(found) }
}

/// Returns the only `Host` header of a request whose target has no authority.
pub fn only_host(head: &RequestHead) -> Option<&HeaderValue> {
    let mut lines = head.headers.get_all(header::HOST);
    let line = lines.next()?;
    (lines.next().is_none() && head.uri.authority().is_none()).then_some(line)
}
