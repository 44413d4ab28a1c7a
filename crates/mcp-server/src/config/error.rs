//! The one line that says why the server does not start.

use std::fmt::{self, Write as _};

use figment::value::{Dict, Num, Value};

use super::hidden;
use super::table::{self, Setting};

/// TOML's dates arrive as a table with this one key.
const DATE: &str = "$__toml_private_datetime";

/// Longer values are cut.
pub(super) const SHOWN_LETTERS: usize = 120;

/// A setting that is wrong or unknown, or a configuration file that cannot be read.
///
/// `Display` is one line: `port: "abc" (environment variable MCP_PORT): expected a port from 0 to
/// 65535`. Neither it nor `Debug` holds a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigError {
    /// The setting's key; or what it is called where it came from, when it is unknown.
    setting: String,
    /// Its value as it may be shown.
    value: Option<String>,
    origin: String,
    fault: String,
}

impl ConfigError {
    /// A known setting with a value that it does not accept.
    pub(super) fn wrong(setting: &Setting, value: &Value, origin: &str) -> Self {
        let shown = if setting.kind.is_secret() { hidden::HIDDEN.into() } else { show(value) };
        Self {
            setting: setting.key.into(),
            value: Some(shown),
            origin: origin.into(),
            fault: format!("expected {}", setting.kind.expected()),
        }
    }

    /// A key in a file that is no setting. Settings stand at the top of the file, so whatever is in
    /// a section is unknown too.
    pub(super) fn unknown_key(key: &str, value: &Value, origin: &str) -> Self {
        let (mut path, mut last, mut inner) = (key.to_owned(), key, value);
        while let Some((key, value)) = section(inner).and_then(|section| section.iter().next()) {
            let _ = write!(path, ".{key}");
            (last, inner) = (key, value);
        }
        let nearest = table::nearest(last);
        let near_secret =
            nearest.is_some_and(|(setting, likeness)| setting.kind.is_secret() && likeness > 0.5);
        let hide = near_secret || hidden::is_suspicious(&path);
        let mut fault = String::from("unknown setting");
        if let Some((setting, _)) = nearest {
            let _ = write!(fault, "; the nearest is {}", setting.key);
        }
        Self {
            setting: path,
            value: Some(if hide { hidden::HIDDEN.into() } else { show(inner) }),
            origin: origin.into(),
            fault,
        }
    }

    /// The configuration file itself is at fault.
    pub(super) fn file(path: &str, origin: &str, fault: impl Into<String>) -> Self {
        Self {
            setting: "config".into(),
            value: Some(format!("{path:?}")),
            origin: origin.into(),
            fault: fault.into(),
        }
    }

    /// The table of settings and the struct do not agree: the program's own fault. The message says
    /// no value, since it may be a secret.
    pub(super) fn mismatch(fault: &figment::Error) -> Self {
        Self {
            setting: fault.path.join("."),
            value: None,
            origin: "merged settings".into(),
            fault: "expected a value of the setting's own type".into(),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, value, origin, fault } = self;
        let value = value.as_deref().map(|value| format!(" {value}")).unwrap_or_default();
        // Names come from outside too: whatever they hold, this stays one line.
        formatter.write_str(&one_line(&format!("{setting}:{value} ({origin}): {fault}")))
    }
}

impl std::error::Error for ConfigError {}

/// Returns the text with its control characters escaped.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}

/// What a table holds, unless it is a date.
pub(super) fn section(value: &Value) -> Option<&Dict> {
    value.as_dict().filter(|section| !section.contains_key(DATE))
}

/// A value as TOML would spell it: cut, without passwords, in one line.
fn show(value: &Value) -> String {
    match value {
        Value::String(_, text) => {
            let text = hidden::hide_passwords(text);
            match text.char_indices().nth(SHOWN_LETTERS) {
                Some((end, _)) => format!("{:?}…", &text[..end]),
                None => format!("{text:?}"),
            }
        }
        Value::Array(_, entries) => {
            let shown: Vec<_> = entries.iter().take(5).map(show).collect();
            let more = if entries.len() > shown.len() { ", …" } else { "" };
            format!("[{}{more}]", shown.join(", "))
        }
        Value::Dict(_, section) => {
            section.get(DATE).and_then(Value::as_str).unwrap_or("{…}").into()
        }
        Value::Bool(_, truth) => truth.to_string(),
        Value::Char(_, letter) => format!("{letter:?}"),
        Value::Num(_, number) => number_text(*number),
        Value::Empty(..) => "nothing".into(),
    }
}

fn number_text(number: Num) -> String {
    match (number.to_i128(), number.to_f64()) {
        (Some(whole), _) => whole.to_string(),
        (None, Some(float)) => format!("{float:?}"), // 1.0 and not 1: that would be right.
        (None, None) => String::new(),
    }
}
