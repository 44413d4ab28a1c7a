//! Hosts that the operator opens to the browser.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

/// An entry of `MCP_BROWSER_ALLOWED_HOSTS`: `localhost:3000`, `corp.example`, `*.corp.example`,
/// `10.0.0.5:8080` or `[::1]`. Without a port it opens every port. The star stands for one or more
/// labels, so `*.corp.example` does not open `corp.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    subdomains: bool,
    host: String,
    port: Option<u16>,
}

/// The error of a string that is not an [`AllowedHost`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAHost;

impl fmt::Display for NotAHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a host such as localhost:3000 or *.corp.example")
    }
}

impl std::error::Error for NotAHost {}

impl FromStr for AllowedHost {
    type Err = NotAHost;

    fn from_str(text: &str) -> Result<Self, NotAHost> {
        let (subdomains, authority) =
            text.strip_prefix("*.").map_or((false, text), |rest| (true, rest));
        let is_plain = |letter: char| letter.is_alphanumeric() || "-._:[]".contains(letter);
        if authority.is_empty() || authority.ends_with(':') || !authority.chars().all(is_plain) {
            return Err(NotAHost);
        }
        // Read from the text: the URL parser drops `:80`, the scheme's default port.
        let explicit = authority
            .rsplit_once(':')
            .filter(|(host, _)| !host.contains(':') || host.ends_with(']'))
            .map(|(_, port)| port.parse::<u16>());
        let port = explicit.transpose().map_err(|_| NotAHost)?;
        let url = Url::parse(&format!("http://{authority}")).map_err(|_| NotAHost)?;
        let host = canonical(url.host_str().ok_or(NotAHost)?).to_owned();
        if subdomains && host.parse::<std::net::IpAddr>().is_ok() {
            return Err(NotAHost);
        }
        Ok(Self { subdomains, host, port })
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.subdomains { "*." } else { "" };
        write!(f, "{star}{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl AllowedHost {
    /// Returns whether the entry opens this port of this host, spelled as the WHATWG URL Standard
    /// serializes it.
    pub(super) fn opens(&self, host: &str, port: u16) -> bool {
        let host = canonical(host);
        let matches = if self.subdomains {
            host.strip_suffix(self.host.as_str())
                .and_then(|label| label.strip_suffix('.'))
                .is_some_and(|label| !label.is_empty())
        } else {
            host == self.host
        };
        matches && self.port.is_none_or(|own| own == port)
    }
}

/// Removes the root's dot: `a.example.` and `a.example` are the same name.
fn canonical(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_opens_what_it_names_and_nothing_else() {
        for (entry, host, port, opens) in [
            ("localhost:3000", "localhost", 3000, true),
            ("localhost:3000", "localhost.", 3000, true),
            ("localhost:3000", "localhost", 3001, false),
            ("localhost:80", "localhost", 8080, false),
            ("LocalHost", "localhost", 1, true),
            ("*.corp.example", "a.corp.example", 443, true),
            ("*.corp.example", "a.b.corp.example", 443, true),
            ("*.corp.example", "corp.example", 443, false),
            ("*.corp.example", "evilcorp.example", 443, false),
            ("*.corp.example", ".corp.example", 443, false),
            ("[::1]:8080", "[::1]", 8080, true),
            ("[::1]", "[::1]", 1, true),
            ("127.0.0.1", "127.0.0.1", 9, true),
            ("0x7f.1:9", "127.0.0.1", 9, true),
            ("127.0.0.1", "localhost", 9, false),
        ] {
            let entry: AllowedHost = entry.parse().expect(entry);
            assert_eq!(entry.opens(host, port), opens, "{entry} {host}:{port}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in
            ["", "*", "*.", "http://x", "x/y", "x:", "x:y", "x:70000", "a b", "*.10.0.0.1", "u@x"]
        {
            assert_eq!(text.parse::<AllowedHost>(), Err(NotAHost), "{text}");
        }
    }
}
