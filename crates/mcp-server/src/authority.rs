//! `name[:port]`: the syntax of `Host`, of an absolute request target, of an origin and of the setting
//! `allowed_hosts` (RFC 9110 section 7.2, RFC 3986 section 3.2).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A host and optional port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The host.
    pub host: Host,
    /// The port, if the text has one.
    pub port: Option<u16>,
}

/// A name in lower case and without its trailing dot, or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name, such as `example.com`.
    Name(String),
    /// An IPv4 address, or an IPv6 address written in brackets.
    Address(IpAddr),
}

/// The text is not `name[:port]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a host name or address, with or without a port")]
pub struct Malformed;

impl fmt::Display for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Name(name) => formatter.write_str(name)?,
            Host::Address(IpAddr::V6(address)) => write!(formatter, "[{address}]")?,
            Host::Address(address) => address.fmt(formatter)?,
        }
        self.port.map_or(Ok(()), |port| write!(formatter, ":{port}"))
    }
}

impl Host {
    /// Returns whether the host is this machine without asking a name server: 127.0.0.0/8, `[::1]`,
    /// `localhost` and its subdomains (RFC 6761 section 6.3).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
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

/// Parses a name or an IPv4 address. Short forms of addresses (`127.1`) are names here: a browser
/// sends the full form.
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

/// Parses `*DIGIT`; an empty text is the default port.
fn parse_port(digits: &str) -> Result<Option<u16>, Malformed> {
    if digits.is_empty() {
        return Ok(None);
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Malformed);
    }
    digits.parse().map(Some).map_err(|_| Malformed)
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
