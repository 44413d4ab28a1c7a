//! `name[:port]`: of `Host`, of an absolute request target, of an origin, and of `MCP_ALLOWED_HOSTS`
//! (RFC 9110, section 7.2; RFC 3986, section 3.2).

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use actix_web::{
    dev::RequestHead,
    http::{Version, header},
};

/// A host with an optional port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    pub(crate) host: Host,
    pub(crate) port: Option<u16>,
}

/// A registered name in lower case and without its trailing dot, or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    Name(String),
    /// An IPv4 address, or an IPv6 address written in brackets.
    Address(IpAddr),
}

/// The error for a text that is not `name[:port]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("must be a host name or address, with or without a port")
    }
}

impl std::error::Error for Malformed {}

impl Host {
    /// Returns whether this is the machine itself, and no name server can change it: 127.0.0.0/8,
    /// `[::1]`, `localhost` and the names below it (RFC 6761, section 6.3).
    pub(crate) fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            Self::Address(address) => address.is_loopback(),
        }
    }
}

impl FromStr for Authority {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest.split_once(']').ok_or(Malformed)?;
            let address = address.parse::<Ipv6Addr>().map_err(|_| Malformed)?;
            let port = match port.strip_prefix(':') {
                None if port.is_empty() => None,
                None => return Err(Malformed),
                Some(digits) => Some(digits),
            };
            (Host::Address(IpAddr::V6(address)), port)
        } else {
            let (name, port) = match text.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (text, None),
            };
            (host(name)?, port)
        };
        Ok(Self { host, port: port.map_or(Ok(None), parse_port)? })
    }
}

/// Parses a name or an IPv4 address. `127.1` and `0x7f000001` are names here: a browser sends such
/// addresses in full.
fn host(text: &str) -> Result<Host, Malformed> {
    let name = text.strip_suffix('.').unwrap_or(text);
    if let Ok(address) = name.parse::<Ipv4Addr>() {
        return Ok(Host::Address(IpAddr::V4(address)));
    }
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let label = |label: &str| !label.is_empty() && label.bytes().all(letter);
    if name.len() <= 253 && name.split('.').all(label) {
        Ok(Host::Name(name.to_ascii_lowercase()))
    } else {
        Err(Malformed)
    }
}

/// Parses `port = *DIGIT`. Nothing after the colon means the default port.
fn parse_port(digits: &str) -> Result<Option<u16>, Malformed> {
    if digits.is_empty() {
        return Ok(None);
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Malformed);
    }
    digits.parse().map(Some).map_err(|_| Malformed)
}

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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_with_and_without_a_port() {
        let name = |text: &str| Host::Name(text.into());
        for (text, host, port) in [
            ("example.com", name("example.com"), None),
            ("EXAMPLE.com.", name("example.com"), None),
            ("example.com:", name("example.com"), None),
            ("a_b-c:8000", name("a_b-c"), Some(8000)),
            ("127.0.0.1:80", Host::Address([127, 0, 0, 1].into()), Some(80)),
            ("[::1]", Host::Address(Ipv6Addr::LOCALHOST.into()), None),
            ("[0:0::1]:1", Host::Address(Ipv6Addr::LOCALHOST.into()), Some(1)),
        ] {
            assert_eq!(text.parse(), Ok(Authority { host, port }), "{text}");
        }
    }

    #[test]
    fn anything_else_is_malformed() {
        for text in [
            "",
            ".",
            ":80",
            "a..b",
            "a b",
            "a/b",
            "a@b",
            "a:b",
            "a:+1",
            "a:65536",
            "a:1:2",
            "::1",
            "[::1",
            "[::1]x",
            "[localhost]",
            "a,b",
            "ä",
            "evil.com/.localhost",
        ] {
            assert_eq!(text.parse::<Authority>(), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn loopback_is_what_no_name_server_can_change() {
        for (text, wanted) in [
            ("localhost", true),
            ("app.LOCALHOST.", true),
            ("127.9.9.9", true),
            ("[::1]", true),
            ("notlocalhost", false),
            ("localhost.example", false),
            ("127.1", false),
            ("0.0.0.0", false),
            ("[::]", false),
        ] {
            assert_eq!(text.parse::<Authority>().unwrap().host.is_loopback(), wanted, "{text}");
        }
    }
}
