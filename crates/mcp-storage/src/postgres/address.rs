//! `postgres://…`: the URL of a PostgreSQL database, in libpq's form.
//!
//! libpq's errors quote the invalid part, which can be a piece of a password. Therefore this module
//! rejects invalid URLs itself, without quoting them.

use std::fmt;

use super::error::one_line;
use crate::LocationError;

/// Replaces passwords in messages.
const HIDDEN: &str = "(hidden)";

/// Connection parameters that the URL may override. They bound every wait.
const DEFAULTS: [(&str, &str); 6] = [
    ("connect_timeout", "5"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "30000"),
    ("fallback_application_name", "mcp-server"),
];

/// The URL of a PostgreSQL database. `Display` and `Debug` show neither passwords nor parameters.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    text: String,
    shown: String,
    passwords: Vec<String>,
}

impl PostgresUrl {
    /// Parses `postgres://user:password@host:port/name?parameters`. `text` starts with the scheme.
    pub(crate) fn parse(text: &str) -> Result<Self, LocationError> {
        let invalid = LocationError::Postgres;
        let (scheme, rest) = text.split_once("://").ok_or(invalid(FORM))?;
        if rest.contains('#') {
            return Err(invalid("a # in the URL must be written as %23"));
        }
        let (user, rest) = match rest.find(['@', '/']) {
            Some(end) if rest.as_bytes()[end] == b'@' => (Some(&rest[..end]), &rest[end + 1..]),
            _ => (None, rest),
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        if place.contains('@') {
            return Err(invalid("in a user or password, @ must be written as %40 and / as %2F"));
        }
        let (hosts, name) = place.split_once('/').unwrap_or((place, ""));
        if !hosts.split(',').all(is_host) {
            return Err(invalid(
                "a host must be a name, an address or [an IPv6 address], optionally followed by a colon \
                 and a port from 1 to 65535",
            ));
        }
        let parameters = parameters(query).ok_or(invalid("a parameter must be name=value"))?;
        let mut passwords = Vec::new();
        for part in user.iter().copied().chain([hosts, name]).chain(parameters.iter().map(|p| p.1))
        {
            decoded(part).ok_or(invalid("a % in the URL must be written as %25"))?;
        }
        let (user, password) = match user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
            Some((user, password)) => (Some(user), password),
            None => (None, ""),
        };
        let in_query = parameters.iter().filter(|(name, _)| name.ends_with("password"));
        for password in in_query.map(|(_, value)| *value).chain([password]) {
            let plain = decoded(password).unwrap_or_default();
            passwords.extend([password.to_owned(), plain].into_iter().filter(|it| !it.is_empty()));
        }
        let mut text = text.to_owned();
        for (name, value) in DEFAULTS {
            if parameters.iter().all(|(known, _)| *known != name) {
                text.push(if text.contains('?') { '&' } else { '?' });
                text.extend([name, "=", value]);
            }
        }
        let user = user.map(|user| format!("{user}@")).unwrap_or_default();
        Ok(Self { text, shown: format!("{scheme}://{user}{place}"), passwords })
    }

    /// Returns the whole URL, for libpq only.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Converts a message of libpq to one line without passwords.
    pub(crate) fn hide(&self, message: &str) -> String {
        let mut message = one_line(message);
        for password in &self.passwords {
            message = message.replace(password, HIDDEN);
        }
        message
    }
}

const FORM: &str = "expected postgres://user:password@host:port/name";

fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, port)) => (host, port.strip_prefix(':').or(port.is_empty().then_some(""))),
            None => return false,
        },
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, Some("")),
        },
    };
    let is_port = |port: &str| {
        port.is_empty()
            || (port.bytes().all(|byte| byte.is_ascii_digit())
                && port.parse::<u16>().is_ok_and(|port| port > 0))
    };
    !host.contains(['[', ']']) && port.is_some_and(is_port)
}

/// Returns the parameters in their encoded form.
fn parameters(query: &str) -> Option<Vec<(&str, &str)>> {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| parameter.split_once('=').filter(|(name, _)| is_name(name)))
        .collect()
}

/// Decodes percent encoding. Returns `None` if it is invalid, or decodes to NUL.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        if *byte == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            let digits = str::from_utf8(digits).ok().filter(|it| !it.starts_with('+'))?;
            let byte = u8::from_str_radix(digits, 16).ok().filter(|byte| *byte != 0)?;
            bytes.push(byte);
            rest = after;
        } else {
            bytes.push(*byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PostgresUrl").field(&self.shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libpq_takes_is_taken_and_shown_without_the_password() {
        for (text, shown) in [
            ("postgres://u:p4ss@h:5432/db", "postgres://u@h:5432/db"),
            ("postgresql://u:p4ss@h/db?sslmode=verify-full", "postgresql://u@h/db"),
            ("postgres://u@h1,h2:5433/db", "postgres://u@h1,h2:5433/db"),
            ("postgres://[::1]:5432/db", "postgres://[::1]:5432/db"),
            ("postgres://%2Frun%2Fpg/db", "postgres://%2Frun%2Fpg/db"),
            ("postgres:///db?host=/run/pg&password=p4ss", "postgres:///db"),
            ("postgres://u:p%2F4ss?@h", "postgres://u@h"),
        ] {
            let url = PostgresUrl::parse(text).expect(text);
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("4ss"), "{url:?}");
            assert!(url.as_str().starts_with(text) && url.as_str().contains("connect_timeout=5"));
        }
    }

    #[test]
    fn what_the_address_says_itself_is_kept() {
        let url = PostgresUrl::parse("postgres://h/db?connect_timeout=9").expect("an address");
        assert!(!url.as_str().contains("connect_timeout=5"));
    }

    #[test]
    fn what_libpq_would_quote_is_refused_without_a_word_of_it() {
        for text in [
            "postgres://u:s3cr3t/x@h/db",
            "postgres://u:s3cr3t%zz@h/db",
            "postgres://u:s3cr3t%@h/db",
            "postgres://u:s3cr3t%00@h/db",
            "postgres://u:s3cr3t#@h/db",
            "postgres://u:s3cr3t@x@h/db",
            "postgres://h:s3cr3t/db",
            "postgres://h:0/db",
            "postgres://h:70000/db",
            "postgres://[::1/db",
            "postgres://h/db?s3cr3t",
            "postgres://h/db?=s3cr3t",
            "postgres://h/db?password=s3cr3t%",
        ] {
            let line = PostgresUrl::parse(text).expect_err(text).to_string();
            assert!(!line.contains("s3cr3t"), "{line}");
        }
    }

    #[test]
    fn a_message_of_libpq_is_one_line_without_the_password() {
        let url = PostgresUrl::parse("postgres://u:s3%20cr3t@h/db").expect("an address");
        let line = url.hide("bad s3 cr3t\n\tand s3%20cr3t\n");
        assert_eq!(line, "bad (hidden); and (hidden)");
    }
}
