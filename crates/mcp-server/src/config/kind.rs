//! What a setting accepts, and the form that its value is brought into.

use std::net::{IpAddr, Ipv4Addr};

use figment::value::Value;

use mcp_integrations::browser::AllowedHost;

use super::rate_limit::RateLimit;
use super::{hidden, log_filter, network};

/// The kinds of settings.
pub(super) enum Kind {
    /// An IP address or `localhost`.
    Host,
    /// A whole number in a range, both ends included. `what` is the field's word for it.
    Whole { what: &'static str, least: u64, most: u64 },
    /// A number of bytes, also as `512KiB`, `2MiB` or `1GiB`.
    Bytes { least: u64, most: u64 },
    /// One of these words.
    Word(&'static [&'static str]),
    /// A database's URL or path, which may hold a password.
    Database,
    /// A key or token that travels in an HTTP header. Never shown. Empty is not set.
    Secret,
    /// An HTTP base URL.
    BaseUrl,
    /// Origins of web pages, or `*`.
    Origins,
    /// Host names, optionally with a port.
    Hosts,
    /// Hosts that a browser may open: names, `*.` and a name, or addresses, optionally with a port.
    PageHosts,
    /// A path of a file. Empty is not set.
    Path,
    /// The address of a WebDriver, plain `http`. Empty is not set.
    WebDriver,
    /// IP addresses and networks.
    Networks,
    /// A number of requests for each unit of time, or `off`.
    Rate,
    /// A filter as `env_logger` reads it.
    LogFilter,
}

impl Kind {
    /// Whether values of this kind are never shown.
    pub(super) const fn is_secret(&self) -> bool {
        matches!(self, Self::Secret)
    }

    /// What would be right, to follow the word "expected".
    pub(super) fn expected(&self) -> String {
        match self {
            Self::Host => "an IP address or localhost".into(),
            Self::Whole { what, least, most } => format!("{what} from {least} to {most}"),
            Self::Bytes { least, most } => format!(
                "a number of bytes from {} to {}, such as 1048576, 512KiB or 2MiB",
                bytes_text(*least),
                bytes_text(*most)
            ),
            Self::Word(words) => words.join(" or "),
            Self::Database => "a database URL or path, such as sqlite:///./mcp_server.db".into(),
            Self::Secret => "text of visible ASCII characters without spaces".into(),
            Self::BaseUrl => "an http or https URL without credentials, query and fragment".into(),
            Self::Origins => {
                "* alone, or origins such as https://app.example.com, without a path".into()
            }
            Self::Hosts => "host names such as mcp.example.com or mcp.example.com:8443".into(),
            Self::PageHosts => "hosts such as localhost:3000 or *.corp.example".into(),
            Self::Path => "a path".into(),
            Self::WebDriver => "an http URL such as http://127.0.0.1:9515".into(),
            Self::Networks => "IP addresses or networks such as 10.0.0.0/8".into(),
            Self::Rate => format!(
                "off, or a limit such as 100/minute: from 1 to {} per second, minute, hour or day",
                u32::MAX
            ),
            Self::LogFilter => {
                "off, error, warn, info, debug or trace, or a filter such as info,actix_web=debug"
                    .into()
            }
        }
    }

    /// The checked value in its one form, or nothing where it is wrong.
    pub(super) fn read(&self, value: &Value) -> Option<Value> {
        match self {
            Self::Host => host(text(value)?).map(|address| address.to_string().into()),
            Self::Whole { least, most, .. } => {
                let number = whole(value)?;
                (*least..=*most).contains(&number).then(|| number.into())
            }
            Self::Bytes { least, most } => {
                let number = bytes(value)?;
                (*least..=*most).contains(&number).then(|| number.into())
            }
            Self::Word(words) => {
                let text = text(value)?;
                words.iter().find(|word| word.eq_ignore_ascii_case(text)).map(|word| (*word).into())
            }
            Self::Database => {
                let url = text(value)?;
                let fits = !url.is_empty() && !url.contains(char::is_control);
                fits.then(|| url.into())
            }
            Self::Secret => {
                let secret = value.as_str()?;
                let fits = secret.bytes().all(|byte| byte.is_ascii_graphic());
                fits.then(|| secret.into())
            }
            Self::BaseUrl => network::base_url(text(value)?).map(|url| url.to_string().into()),
            Self::Origins => network::origins(&list(value)?).map(Into::into),
            Self::Hosts => network::hosts(&list(value)?).map(Into::into),
            Self::PageHosts => {
                let hosts = list(value)?;
                hosts
                    .iter()
                    .map(|host| Some(host.parse::<AllowedHost>().ok()?.to_string()))
                    .collect::<Option<Vec<_>>>()
                    .map(Into::into)
            }
            Self::Path => {
                let path = value.as_str()?;
                (!path.contains(char::is_control) && path.trim() == path).then(|| path.into())
            }
            Self::WebDriver => match text(value)? {
                "" => value.as_str().filter(|text| text.is_empty()).map(Into::into),
                url => network::base_url(url)
                    .filter(|url| url.scheme() == "http")
                    .map(|url| url.to_string().into()),
            },
            Self::Networks => network::networks(&list(value)?).map(Into::into),
            Self::Rate => {
                let limit = text(value)?;
                limit.parse::<RateLimit>().ok().map(|_| limit.into())
            }
            Self::LogFilter => {
                let filter = text(value)?;
                log_filter::is_valid(filter).then(|| filter.into())
            }
        }
    }

    /// A value that [`read`](Self::read) gave, as text that would be read as the same again.
    pub(super) fn show(&self, value: &Value) -> String {
        if self.is_secret() {
            let set = value.as_str().is_some_and(|text| !text.is_empty());
            return if set { hidden::HIDDEN } else { "(not set)" }.into();
        }
        match (self, value) {
            (Self::Path | Self::WebDriver, Value::String(_, text)) if text.is_empty() => {
                "(not set)".into()
            }
            (Self::Bytes { .. }, value) => whole(value).map(bytes_text).unwrap_or_default(),
            (_, Value::String(_, text)) => hidden::hide_passwords(text),
            (_, Value::Array(..)) => list(value).unwrap_or_default().join(","),
            (_, value) => whole(value).map(|number| number.to_string()).unwrap_or_default(),
        }
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().map(str::trim)
}

/// The entries of a list: an array of texts, or a text with commas.
fn list(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(_, text) => {
            Some(text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect())
        }
        Value::Array(_, entries) => entries.iter().map(text).collect(),
        _ => None,
    }
}

fn host(text: &str) -> Option<IpAddr> {
    if text.eq_ignore_ascii_case("localhost") {
        // Not what the system resolves it to: `localhost` must never listen beyond this machine.
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    text.parse().ok()
}

fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(_, text) => digits(text.trim()),
        // Despite its name exact: it refuses negative numbers and floats.
        value => value.to_num()?.to_u128_lossy()?.try_into().ok(),
    }
}

/// Digits alone: `str::parse` would also take `+1`.
fn digits(text: &str) -> Option<u64> {
    let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

fn bytes(value: &Value) -> Option<u64> {
    let Some(text) = text(value) else {
        return whole(value);
    };
    let lower = text.to_ascii_lowercase();
    for (unit, size) in UNITS {
        if let Some(number) = lower.strip_suffix(&unit.to_ascii_lowercase()) {
            return digits(number.trim_end())?.checked_mul(size);
        }
    }
    digits(&lower)
}

fn bytes_text(number: u64) -> String {
    UNITS
        .iter()
        .find(|(_, size)| number >= *size && number.is_multiple_of(*size))
        .map_or_else(|| number.to_string(), |(unit, size)| format!("{}{unit}", number / size))
}
