//! The table of settings, which `settings!` makes together with the struct `Settings`.

use figment::value::Value;

use super::SETTINGS;

/// A setting, without its Rust type.
pub(crate) struct Setting {
    /// The key in TOML, and the field of `Settings`.
    pub(crate) key: &'static str,
    /// The lines of the comment.
    pub(crate) comment: &'static [&'static str],
    /// The names in the environment; the first one that is set counts.
    pub(crate) variables: &'static [&'static str],
    /// The default, in TOML.
    pub(crate) default: &'static str,
    /// The accepted values, in words that follow "expected".
    pub(crate) expected: fn() -> String,
    /// Returns the text to show for an accepted value.
    pub(super) shown: fn(&Value) -> Option<String>,
    pub(super) is_secret: fn() -> bool,
}

impl Setting {
    /// Returns the first paragraph of the comment.
    pub(crate) fn summary(&self) -> String {
        let lines = self.comment.iter().map(|line| line.trim());
        lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// Returns the help of a setting's flag.
pub(crate) fn flag_help(key: &str) -> String {
    let help = |setting: &Setting| {
        let default = setting.default.trim_matches('"');
        let summary = setting.summary().replace('`', "");
        format!("{} [default: {default}]", summary.trim_end_matches('.'))
    };
    find(key).map(help).unwrap_or_default()
}

/// Defines the struct `Settings`, its `load` and the table `SETTINGS`.
macro_rules! settings {
    ($(
        $(#[doc = $comment:literal])+
        $key:ident: $type:ty = $default:tt, [$($variable:literal),+], $value_type:expr;
    )+) => {
        /// The checked settings. `Debug` shows neither secrets nor the database URL's password.
        #[derive(Clone, Debug)]
        pub struct Settings {
            $($(#[doc = $comment])+ pub $key: $type,)+
        }

        impl Settings {
            /// Merges and checks all layers.
            ///
            /// # Errors
            /// Returns the first setting that is wrong or unknown, or why the configuration file
            /// cannot be read.
            pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
                let layers = sources.layers()?;
                Ok(Self { $($key: layers.value(stringify!($key), &ValueTypes::$key())?,)+ })
            }
        }

        /// The types of the settings, by key.
        struct ValueTypes;

        impl ValueTypes {
            $(fn $key() -> SettingType<$type> { $value_type })+
        }

        /// Every setting, in the order of the documents.
        pub(crate) const SETTINGS: &[Setting] = &[$(Setting {
            key: stringify!($key),
            comment: &[$($comment),+],
            variables: &[$($variable),+],
            default: stringify!($default),
            expected: || ValueTypes::$key().expected,
            is_secret: || ValueTypes::$key().is_secret,
            shown: |value| (ValueTypes::$key().read)(value).map(|(_, shown)| shown),
        }),+];
    };
}
pub(super) use settings;

/// Returns the setting with this key.
pub(super) fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// Returns the setting whose key is most like a misspelt key or variable.
pub(super) fn nearest(name: &str) -> &'static Setting {
    // A longer name is not a misspelling, and comparing it would take long.
    let name: String = name.to_lowercase().chars().take(64).collect();
    let name = name.strip_prefix("mcp_").unwrap_or(&name);
    let likeness = |key| strsim::normalized_damerau_levenshtein(name, key);
    let nearest = SETTINGS.iter().max_by(|a, b| likeness(a.key).total_cmp(&likeness(b.key)));
    nearest.unwrap_or(&SETTINGS[0])
}

/// Returns whether an environment variable has the settings' prefix and is not a setting.
pub(super) fn is_unknown_variable(name: &str) -> bool {
    let known = SETTINGS.iter().any(|setting| setting.variables.contains(&name));
    // The command line and the tests share the prefix.
    let other = matches!(name, "MCP_CONFIG" | "MCP_BASE_URL") || name.starts_with("MCP_TEST_");
    name.starts_with("MCP_") && !known && !other
}
