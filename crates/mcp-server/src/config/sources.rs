//! Where settings come from, and how the layers are put on each other.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::value::Value;

use super::error::{self, ConfigError};
use super::layer::{self, Layer};
use super::table::{self, SETTINGS};

/// Everything that settings are read from. It has no `Debug`: the environment holds secrets.
#[derive(Clone, Default)]
pub struct Sources {
    /// The TOML file that `--config` names. Without it, `MCP_CONFIG` in the environment may name one.
    pub config_file: Option<PathBuf>,
    /// The process's environment, `std::env::vars_os().collect()`. An empty value is not set.
    pub environment: BTreeMap<OsString, OsString>,
    /// What the command line's flags say.
    pub overrides: Overrides,
}

/// The settings that have a flag, as texts that nobody has checked yet.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Overrides {
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,
    /// Port to listen on, 0 takes a free one [default: 8000]
    #[arg(long, value_name = "PORT")]
    pub port: Option<String>,
    /// What the server writes to its own log, such as `debug` or `info,actix_web=debug` [default: info]
    #[arg(long, value_name = "FILTER")]
    pub log_level: Option<String>,
}

impl Overrides {
    /// Each flag, the key of its setting, and what it says.
    fn flags(&self) -> [(&'static str, &'static str, Option<&str>); 3] {
        [
            ("--host", "host", self.host.as_deref()),
            ("--port", "port", self.port.as_deref()),
            ("--log-level", "log_level", self.log_level.as_deref()),
        ]
    }
}

impl Sources {
    /// The layers on each other, each value marked with its origin.
    pub(super) fn merged(&self) -> Result<Figment, ConfigError> {
        let mut figment = Figment::from(Layer::defaults()?);
        if let Some((path, named_by)) = self.file() {
            figment = figment.merge(Layer::file(path, named_by)?);
        }
        for setting in SETTINGS {
            let mut names = setting.variables.iter();
            if let Some((name, value)) = names.find_map(|name| Some((name, self.variable(name)?))) {
                let origin = format!("environment variable {name}");
                let Some(value) = value.to_str() else {
                    let value = Value::from(value.to_string_lossy().into_owned());
                    return Err(ConfigError::wrong(setting, &value, &origin));
                };
                figment = figment.merge(Layer::single(setting, value, origin)?);
            }
        }
        for (flag, key, value) in self.overrides.flags() {
            if let (Some(setting), Some(value)) = (table::find(key), value) {
                figment = figment.merge(Layer::single(setting, value, format!("flag {flag}"))?);
            }
        }
        loopback_as_all(figment)
    }

    /// The configuration file and what names it.
    fn file(&self) -> Option<(&Path, &'static str)> {
        let flag = self.config_file.as_deref().map(|path| (path, "flag --config"));
        flag.or_else(|| {
            let path = self.variable("MCP_CONFIG")?;
            Some((Path::new(path), "environment variable MCP_CONFIG"))
        })
    }

    fn variable(&self, name: &str) -> Option<&OsStr> {
        let value = self.environment.get(OsStr::new(name))?;
        (!value.is_empty()).then_some(value)
    }

    /// Returns a line for each `MCP_…` variable that is not a setting, with the name of the nearest
    /// setting. The variables are ignored: other programs use the prefix too. No line holds a value.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let set = self.environment.iter().filter(|(_, value)| !value.is_empty());
        let names = set.map(|(name, _)| name.to_string_lossy());
        names.filter(|name| table::is_unknown_variable(name)).map(|name| warning(&name)).collect()
    }
}

/// Who sets `rate_limit` alone means every client: the default for loopback gives way to it.
fn loopback_as_all(figment: Figment) -> Result<Figment, ConfigError> {
    let (rate, loopback) = ("rate_limit", "rate_limit_loopback");
    let origin = |key| figment.find_metadata(key).map(|metadata| metadata.name.to_string());
    let (Some(setting), Some(set)) = (table::find(loopback), origin(rate)) else {
        return Ok(figment);
    };
    if set == layer::DEFAULT || origin(loopback).is_some_and(|it| it != layer::DEFAULT) {
        return Ok(figment);
    }
    let value = figment.find_value(rate).map_err(|fault| ConfigError::mismatch(&fault))?;
    Ok(figment.merge(Layer::single(setting, value, set)?))
}

fn warning(name: &str) -> String {
    let shown: String = name.chars().take(error::SHOWN_LETTERS).collect();
    let nearest = table::nearest(name).and_then(|(setting, _)| setting.variables.first());
    let hint = nearest.map(|known| format!("; the nearest setting is {known}")).unwrap_or_default();
    error::one_line(&format!("environment variable {shown} is not a setting: ignored{hint}"))
}
