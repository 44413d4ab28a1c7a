//! One layer of settings, checked.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use super::error::{self, ConfigError};
use super::table::{self, Setting};

/// The layer that is compiled in.
const DEFAULTS: &str = include_str!("../../../../config/default.toml");

/// A larger configuration file is somebody's mistake.
const FILE_LIMIT: u64 = 1 << 20;

/// Checked settings with the name of where they came from.
pub(super) struct Layer {
    origin: String,
    values: Dict,
}

impl Layer {
    /// The defaults.
    pub(super) fn defaults() -> Result<Self, ConfigError> {
        Self::toml(DEFAULTS, "default", |fault| {
            ConfigError::file("config/default.toml", "compiled in", fault)
        })
    }

    /// The file at `path`, which `named_by` names.
    pub(super) fn file(path: &Path, named_by: &str) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let fault = |fault: String| ConfigError::file(&name, named_by, fault);
        let text = read(path)
            .map_err(|error| fault(format!("expected a TOML file that can be read: {error}")))?;
        Self::toml(&text, &format!("file {name}"), fault)
    }

    /// One setting from one place.
    pub(super) fn single(
        setting: &Setting,
        value: impl Into<Value>,
        origin: String,
    ) -> Result<Self, ConfigError> {
        let value = check(setting, &value.into(), &origin)?;
        let values = Dict::from([(setting.key.to_owned(), value)]);
        Ok(Self { origin, values })
    }

    fn toml(
        text: &str,
        origin: &str,
        malformed: impl Fn(String) -> ConfigError,
    ) -> Result<Self, ConfigError> {
        let found: Dict = Toml::from_str(text).map_err(|error| {
            let end = error.span().map_or(0, |span| span.start);
            let line = 1 + text.bytes().take(end).filter(|byte| *byte == b'\n').count();
            let message = error.message().trim().replace('\n', ", ");
            let colon = if message.is_empty() { "" } else { ": " };
            malformed(format!("expected TOML, line {line} is not{colon}{message}"))
        })?;
        let values = found.iter().map(|(key, value)| {
            let plain = error::section(value).is_none_or(Dict::is_empty);
            match table::find(key).filter(|_| plain) {
                Some(setting) => Ok((key.clone(), check(setting, value, origin)?)),
                None => Err(ConfigError::unknown_key(key, value, origin)),
            }
        });
        Ok(Self { origin: origin.into(), values: values.collect::<Result<_, _>>()? })
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

fn check(setting: &Setting, value: &Value, origin: &str) -> Result<Value, ConfigError> {
    let read = setting.kind.read(value);
    read.ok_or_else(|| ConfigError::wrong(setting, value, origin))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_LIMIT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_LIMIT {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), ToOwned::to_owned))
}
