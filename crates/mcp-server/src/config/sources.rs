//! The sources of settings.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::layers::{self, Layers};
use super::table;
use super::{ConfigError, SETTINGS, error};

/// The sources of settings. It has no `Debug`: the environment holds secrets.
#[derive(Clone, Default)]
pub struct Sources {
    /// The TOML file that `--config` names. Without it, `MCP_CONFIG` in the environment may name one.
    pub config_file: Option<PathBuf>,
    /// The process's environment, `std::env::vars_os().collect()`. An empty value is not set.
    pub environment: BTreeMap<OsString, OsString>,
    /// The values of the command line's flags, by the keys of their settings.
    pub flags: BTreeMap<&'static str, String>,
}

impl Sources {
    /// Checks and merges the layers.
    pub(super) fn layers(&self) -> Result<Layers, ConfigError> {
        let mut layers = Layers::defaults()?;
        if let Some((path, named_by)) = self.file() {
            layers.add_file(path, named_by)?;
        }
        for setting in SETTINGS {
            let mut names = setting.variables.iter();
            if let Some((name, value)) = names.find_map(|name| Some((name, self.variable(name)?))) {
                let origin = format!("environment variable {name}");
                let Some(text) = value.to_str() else {
                    let value = value.to_string_lossy().into_owned().into();
                    return Err(ConfigError::wrong(setting, &value, &origin));
                };
                layers.add(setting, text.into(), &origin)?;
            }
            if let Some(text) = self.flags.get(setting.key) {
                let origin = format!("flag --{}", setting.key.replace('_', "-"));
                layers.add(setting, text.as_str().into(), &origin)?;
            }
        }
        limit_loopback(&mut layers)?;
        Ok(layers)
    }

    /// Returns the configuration file and the source that names it.
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

    /// Returns a line for each `MCP_…` variable that is not a setting, with the most similar setting.
    /// The variables are ignored: other programs use the prefix too. No line shows a value.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let set = self.environment.iter().filter(|(_, value)| !value.is_empty());
        let names = set.map(|(name, _)| name.to_string_lossy());
        let unknown = names.filter(|name| table::is_unknown_variable(name));
        let warning = |name: &str| {
            let nearest = table::nearest(name).variables[0];
            let name = error::shortened(name);
            format!(
                "environment variable {name} is not a setting: ignored; the nearest setting is {nearest}"
            )
        };
        unknown.map(|name| error::one_line(&warning(&name))).collect()
    }
}

/// If only `rate_limit` is set, it also limits loopback clients.
fn limit_loopback(layers: &mut Layers) -> Result<(), ConfigError> {
    let is_default = |(_, origin): &(_, String)| origin == layers::DEFAULT;
    let all = layers.find("rate_limit").filter(|all| !is_default(all));
    let loopback = layers.find("rate_limit_loopback").filter(is_default);
    match (table::find("rate_limit_loopback"), loopback, all) {
        (Some(setting), Some(_), Some((value, origin))) => layers.add(setting, value, &origin),
        _ => Ok(()),
    }
}
