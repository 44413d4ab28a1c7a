//! What is in force and where it came from; and the README's table of settings.

use std::fmt::Write as _;

use figment::Figment;
use serde::Serialize;

use super::error::ConfigError;
use super::sources::Sources;
use super::table::{SETTINGS, Setting};

/// A setting in force.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Row {
    /// Its key in TOML.
    pub key: &'static str,
    /// Its value. A secret is `(hidden)` or `(not set)`; passwords in URLs are hidden too.
    pub value: String,
    /// `default`, `file F`, `environment variable X` or `flag --x`.
    pub source: String,
}

/// Every setting in force, in the order of `config/default.toml`.
///
/// # Errors
/// As [`Settings::load`](super::Settings::load).
pub fn effective(sources: &Sources) -> Result<Vec<Row>, ConfigError> {
    let figment = sources.merged()?;
    SETTINGS.iter().map(|setting| row(&figment, setting)).collect()
}

fn row(figment: &Figment, setting: &Setting) -> Result<Row, ConfigError> {
    let value = figment.find_value(setting.key).map_err(|fault| ConfigError::mismatch(&fault))?;
    let source = figment.get_metadata(value.tag()).map(|metadata| metadata.name.to_string());
    Ok(Row {
        key: setting.key,
        value: setting.kind.show(&value),
        source: source.unwrap_or_default(),
    })
}

/// The settings as a Markdown table, for the README.
///
/// # Errors
/// When `config/default.toml` is wrong, which the tests rule out.
pub fn settings_table() -> Result<String, ConfigError> {
    let mut table = String::from(
        "| Setting | Environment variable | Default | What it is | It accepts |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for (setting, row) in SETTINGS.iter().zip(effective(&Sources::default())?) {
        let variables: Vec<_> = setting.variables.iter().map(|name| format!("`{name}`")).collect();
        let default = match row.value.as_str() {
            "" => "none".into(),
            "(not set)" => "not set".into(),
            value => format!("`{value}`"),
        };
        let _ = writeln!(
            table,
            "| `{}` | {} | {default} | {} | {} |",
            setting.key,
            variables.join(", else "),
            setting.help,
            // A star alone would be emphasis.
            setting.kind.expected().replace('*', "`*`"),
        );
    }
    Ok(table)
}
