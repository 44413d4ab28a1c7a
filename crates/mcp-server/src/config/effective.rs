//! The settings in force, with their origins.

use super::sources::Sources;
use super::{ConfigError, SETTINGS};

/// A setting in force.
#[derive(Debug)]
pub(crate) struct EffectiveSetting {
    /// The key in TOML.
    pub(crate) key: &'static str,
    /// The value, without secrets and passwords.
    pub(crate) value: String,
    /// `default`, `file F`, `environment variable X` or `flag --x`.
    pub(crate) source: String,
}

/// Returns every setting in force, in the order of `config/default.toml`.
///
/// # Errors
/// Returns the same errors as [`Settings::load`](super::Settings::load).
pub(crate) fn effective(sources: &Sources) -> Result<Vec<EffectiveSetting>, ConfigError> {
    let layers = sources.layers()?;
    let effective = SETTINGS.iter().filter_map(|setting| {
        let (value, source) = layers.find(setting.key)?;
        Some(EffectiveSetting { key: setting.key, value: (setting.shown)(&value)?, source })
    });
    Ok(effective.collect())
}
