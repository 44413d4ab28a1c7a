//! The one line that says why the server does not start.

use std::fmt::Display;

use figment::value::{Dict, Value};

use super::hidden;
use super::table::{self, Setting};

/// The only key of a TOML date, which figment reads as a table.
const DATE: &str = "$__toml_private_datetime";

/// The length of a value or name, in characters, above which it is cut.
const SHOWN: usize = 120;

/// A setting that is wrong or unknown, or a configuration file that cannot be read.
///
/// `Display` is one line: `port: "abc" (environment variable MCP_PORT): expected a port from 0 to
/// 65535`. Neither it nor `Debug` shows a secret.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    fn new(subject: impl Display, origin: &str, fault: impl Display) -> Self {
        Self(one_line(&format!("{subject} ({origin}): {fault}")))
    }

    /// A setting with a value that it does not accept.
    pub(super) fn wrong(setting: &Setting, value: &Value, origin: &str) -> Self {
        let value =
            if (setting.is_secret)() { hidden::HIDDEN.into() } else { shortened(&show(value)) };
        let fault = format!("expected {}", (setting.expected)());
        Self::new(format!("{}: {value}", setting.key), origin, fault)
    }

    /// A key in a file that is not a setting, or the first key of an unknown section.
    pub(super) fn unknown_key(key: &str, value: &Value, origin: &str) -> Self {
        let (mut path, mut last, mut inner) = (key.to_owned(), key, value);
        while let Some((key, value)) = section(inner).and_then(|section| section.iter().next()) {
            path = format!("{path}.{key}");
            (last, inner) = (key, value);
        }
        Self::new(
            shortened(&path),
            origin,
            format!("unknown setting; the nearest is {}", table::nearest(last).key),
        )
    }

    /// A configuration file that cannot be read.
    pub(super) fn file(path: &str, origin: &str, fault: impl Display) -> Self {
        Self::new(format!("config: {path:?}"), origin, fault)
    }
}

/// Returns the entries of a table that is not a date.
pub(super) fn section(value: &Value) -> Option<&Dict> {
    value.as_dict().filter(|section| !section.contains_key(DATE))
}

/// Returns text of one line, in which nothing steers a terminal.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Returns a value in TOML, without passwords.
fn show(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("{:?}", hidden::hide_passwords(text)),
        Value::Array(_, entries) => {
            format!("[{}]", entries.iter().map(show).collect::<Vec<_>>().join(", "))
        }
        Value::Dict(_, section) => {
            section.get(DATE).and_then(Value::as_str).unwrap_or("{…}").to_owned()
        }
        plain => serde_json::to_string(plain).unwrap_or_default(),
    }
}
