//! The server's settings: typed, checked before anything starts, secrets wrapped.
//!
//! A value comes from four layers, the weakest first: the defaults, a TOML file, the environment, the
//! command line's flags. Each layer is checked by itself, so a wrong value stops the start even if a
//! stronger layer replaces it. An unknown setting in a file stops the start; in the environment it is
//! a warning ([`Sources::warnings`]).
//!
//! A new setting is one entry in `settings.rs`. The environment, the checks, the error messages,
//! `mcp-server config`, `config/default.toml` and the README's table follow from it.

mod cors;
mod database_url;
mod effective;
mod error;
mod hidden;
mod layers;
mod log_filter;
mod network;
mod rate_limit;
mod settings;
mod sources;
mod table;
#[cfg(test)]
mod tests;
mod tool_set;
mod types;

pub use cors::CorsOrigins;
pub use database_url::DatabaseUrl;
pub(crate) use effective::effective;
pub use error::ConfigError;
pub use rate_limit::{Rate, RateLimit, RateUnit};
pub(crate) use settings::SETTINGS;
pub use settings::Settings;
pub use sources::Sources;
pub(crate) use table::flag_help;
pub use tool_set::ToolSet;
