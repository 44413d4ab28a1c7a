//! The layers of settings, merged by figment: each value is checked and keeps its origin.

use std::fs::File;
use std::io::{self, Read as _};
use std::mem;
use std::path::Path;

use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::SETTINGS;
use super::error::{self, ConfigError};
use super::table::{self, Setting};
use super::types::SettingType;

/// The origin of a value that nobody set.
pub(super) const DEFAULT: &str = "default";

/// The maximum size of a configuration file.
const FILE_LIMIT: u64 = 1 << 20;

/// The checked values of all layers so far.
pub(super) struct Layers(Figment);

/// A value of one setting, for figment.
struct Entry<'a> {
    key: &'static str,
    value: Value,
    origin: &'a str,
}

impl Provider for Entry<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.to_owned())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(Dict::from([(self.key.to_owned(), self.value.clone())])))
    }
}

impl Layers {
    /// Returns the layer of the defaults.
    pub(super) fn defaults() -> Result<Self, ConfigError> {
        let mut layers = Self(Figment::new());
        let line = |setting: &Setting| format!("{} = {}\n", setting.key, setting.default);
        let text: String = SETTINGS.iter().map(line).collect();
        let fault = |fault| ConfigError::file("defaults", "compiled in", fault);
        layers.add_toml(&text, DEFAULT, fault)?;
        Ok(layers)
    }

    /// Adds the file at `path`; `named_by` says which source names it.
    pub(super) fn add_file(&mut self, path: &Path, named_by: &str) -> Result<(), ConfigError> {
        let name = path.display().to_string();
        let fault = |fault: String| ConfigError::file(&name, named_by, fault);
        let text = read(path).map_err(|error| fault(format!("cannot be read: {error}")))?;
        self.add_toml(text.trim_start_matches('\u{feff}'), &format!("file {name}"), fault)
    }

    fn add_toml(
        &mut self,
        text: &str,
        origin: &str,
        malformed: impl Fn(String) -> ConfigError,
    ) -> Result<(), ConfigError> {
        let values: Dict = Toml::from_str(text).map_err(|error| {
            let end = error.span().map_or(0, |span| span.start);
            let line = 1 + text.bytes().take(end).filter(|byte| *byte == b'\n').count();
            let message = error.message().trim().replace('\n', ", ");
            let colon = if message.is_empty() { "" } else { ": " };
            malformed(format!("line {line} is not valid TOML{colon}{message}"))
        })?;
        values.into_iter().try_for_each(|(key, value)| {
            let plain = error::section(&value).is_none_or(Dict::is_empty);
            match table::find(&key).filter(|_| plain) {
                Some(setting) => self.add(setting, value, origin),
                None => Err(ConfigError::unknown_key(&key, &value, origin)),
            }
        })
    }

    /// Adds the value of one setting, if the setting accepts it.
    pub(super) fn add(
        &mut self,
        setting: &Setting,
        value: Value,
        origin: &str,
    ) -> Result<(), ConfigError> {
        if (setting.shown)(&value).is_none() {
            return Err(ConfigError::wrong(setting, &value, origin));
        }
        self.0 = mem::take(&mut self.0).merge(Entry { key: setting.key, value, origin });
        Ok(())
    }

    /// Returns the strongest value of a setting and its origin.
    pub(super) fn find(&self, key: &str) -> Option<(Value, String)> {
        let value = self.0.find_value(key).ok()?;
        let origin = self.0.get_metadata(value.tag())?.name.to_string();
        Some((value, origin))
    }

    /// Returns the strongest value of a setting, typed.
    pub(super) fn value<T>(
        &self,
        key: &str,
        value_type: &SettingType<T>,
    ) -> Result<T, ConfigError> {
        let value = self.find(key).and_then(|(value, _)| (value_type.read)(&value));
        value
            .map(|(value, _)| value)
            .ok_or_else(|| ConfigError::file(key, DEFAULT, "the setting has no value"))
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_LIMIT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_LIMIT {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(text)
}
