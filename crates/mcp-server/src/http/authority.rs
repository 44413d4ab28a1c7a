//! The authorities that a request names.

use actix_web::dev::RequestHead;
use actix_web::http::{Version, header};

pub(crate) use crate::authority::{Authority, Host, Malformed};

/// Returns the hosts that a request names, at least one: `Host`, and the authority of the target if it
/// has one (RFC 9112, section 3.2.2).
///
/// HTTP/1 requires exactly one `Host`; HTTP/2 may have the target's alone (RFC 9113, section 8.3.1).
///
/// # Errors
/// Returns `Malformed` if a host is missing, repeated or malformed.
pub(crate) fn of_request(head: &RequestHead) -> Result<Vec<Authority>, Malformed> {
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
