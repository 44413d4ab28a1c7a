//! Reads what is added to each HTTP request: headers and parameters of the query string.

use http::{HeaderName, HeaderValue};
use secrecy::SecretString;

use super::members::{Members, quoted, shown};
use super::values::named_texts;
use crate::connections::settings::Additions;

/// The headers that belong to the connection or to the body of a request.
const OF_HTTP: [&str; 9] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The headers that the Model Context Protocol sets.
const OF_MCP: [&str; 4] = ["accept", "last-event-id", "mcp-protocol-version", "mcp-session-id"];

/// Takes `headers` and `query`.
pub(super) fn read(
    members: &mut Members,
    is_mcp: bool,
    warnings: &mut Vec<String>,
) -> Result<Additions, String> {
    let mut headers = Vec::<(String, SecretString)>::new();
    for (given, value) in named_texts(members, "headers")? {
        let name = HeaderName::from_bytes(given.trim().as_bytes()).map_err(|_| {
            format!("headers: {} is not a header's name: use letters, digits and -", quoted(&given))
        })?;
        if OF_HTTP.contains(&name.as_str()) || (is_mcp && OF_MCP.contains(&name.as_str())) {
            warnings.push(format!("headers.{name} is not used: this server sets it"));
            continue;
        }
        let value = value.trim_matches(' ');
        HeaderValue::from_str(value).map_err(|_| {
            let name = shown(name.as_str());
            format!("headers.{name} has a line break or another control character: check the end of its variable")
        })?;
        if headers.iter().any(|(other, _)| other == name.as_str()) {
            let name = shown(name.as_str());
            return Err(format!("headers.{name} occurs twice: keep one of them"));
        }
        headers.push((name.as_str().to_owned(), value.into()));
    }
    headers.sort_by(|a, b| a.0.cmp(&b.0));
    let query = named_texts(members, "query")?;
    let query = query.into_iter().map(|(name, value)| (name, value.into())).collect();
    Ok(Additions { headers, query })
}
