//! The server's settings: typed, checked before anything starts, secrets wrapped.
//!
//! Four layers, the weakest first: `config/default.toml` (compiled in), a TOML file, the
//! environment, the command line's flags. Every layer is checked by itself, so a wrong value stops
//! the start also where a stronger layer would have replaced it. An unknown setting stops the start
//! in a file; in the environment it is a warning ([`Sources::warnings`]).
//!
//! A new setting is one row in `table.rs`, one field in [`Settings`] and its default, with a comment,
//! in `config/default.toml`; the environment, the checks, `mcp-server config` and the README's table
//! follow from the row. A secret is named in [`Settings::secrets`] as well; a test sees to that.

mod cors;
mod database_url;
mod effective;
mod error;
mod hidden;
mod kind;
mod layer;
mod log_filter;
mod network;
mod rate_limit;
mod sources;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use mcp_integrations::browser::AllowedHost;
use mcp_storage::Synchronous;
use reqwest::Url;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de};

use crate::mcp::ToolSet;
pub use cors::CorsOrigins;
pub use database_url::DatabaseUrl;
pub use effective::{Row, effective, settings_table};
pub use error::ConfigError;
pub use rate_limit::{Rate, RateLimit, RateUnit};
pub use sources::{Overrides, Sources};

/// What the server runs with. Ranges and defaults are in `config/default.toml`.
///
/// `Debug` prints neither a secret nor the database URL's password.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address to listen on; `localhost` is 127.0.0.1.
    pub host: IpAddr,
    /// The port to listen on; 0 lets the system choose a free one.
    pub port: u16,
    /// Worker threads; 0 is one for each core.
    pub workers: usize,
    /// Where the memory is stored. Its scheme and path are the storage crate's to check.
    pub database_url: DatabaseUrl,
    /// Connections that read beside the one that writes.
    pub database_pool: u32,
    /// Writes that may wait for a commit before more are turned away.
    pub write_queue: usize,
    /// How long an atomic batch may take that writes.
    #[serde(deserialize_with = "milliseconds")]
    pub batch_budget: Duration,
    /// When SQLite waits for the disk.
    #[serde(deserialize_with = "synchronous")]
    pub sqlite_synchronous: Synchronous,
    /// How long a statement may take on PostgreSQL.
    #[serde(deserialize_with = "seconds")]
    pub statement_timeout: Duration,
    /// The key that callers must send; without one, everybody may call.
    #[serde(deserialize_with = "secret")]
    pub api_key: Option<SecretString>,
    /// GitHub's token.
    #[serde(deserialize_with = "secret")]
    pub github_token: Option<SecretString>,
    /// The base of GitHub's API. Ends in `/`, so that [`Url::join`] appends to it.
    #[serde(deserialize_with = "text")]
    pub github_api_url: Url,
    /// Figma's token.
    #[serde(deserialize_with = "secret")]
    pub figma_token: Option<SecretString>,
    /// The base of Figma's API. Ends in `/`, so that [`Url::join`] appends to it.
    #[serde(deserialize_with = "text")]
    pub figma_api_url: Url,
    /// How long a call of GitHub or Figma may take, its repetitions included.
    #[serde(deserialize_with = "seconds")]
    pub upstream_timeout: Duration,
    /// The largest answer of GitHub or Figma, decoded, in bytes.
    pub upstream_body_limit: usize,
    /// How many bytes of GitHub's and Figma's answers are kept; 0 keeps none.
    pub upstream_cache: u64,
    /// How long such an answer is kept at most.
    #[serde(deserialize_with = "seconds")]
    pub upstream_cache_time: Duration,
    /// How many bytes are kept of what answers of the lean face name by a handle.
    pub blob_store: usize,
    /// How long that is kept.
    #[serde(deserialize_with = "seconds")]
    pub blob_time: Duration,
    /// Chromium's path; otherwise it is looked for in `PATH`.
    #[serde(deserialize_with = "optional")]
    pub chromium: Option<PathBuf>,
    /// A WebDriver that runs already, to use instead of starting one.
    #[serde(deserialize_with = "optional")]
    pub webdriver_url: Option<Url>,
    /// Browsers at once.
    pub browser_pool: usize,
    /// How long a free browser is kept.
    #[serde(deserialize_with = "seconds")]
    pub browser_idle: Duration,
    /// Hosts that pages may be opened from beside the public internet.
    #[serde(deserialize_with = "texts")]
    pub browser_allowed_hosts: Vec<AllowedHost>,
    /// The web pages that may call from a browser.
    pub cors_origins: CorsOrigins,
    /// The tools that clients of the Model Context Protocol are shown who do not say which.
    #[serde(deserialize_with = "text")]
    pub tools: ToolSet,
    /// Whether its older revisions get sessions.
    pub sessions: bool,
    /// The largest result of one of its tools, in bytes.
    pub result_limit: usize,
    /// Host names, in lower case and optionally with a port, that a request may name beside loopback's.
    pub allowed_hosts: Vec<String>,
    /// The proxies whose word about the caller's address is believed.
    #[serde(deserialize_with = "texts")]
    pub trusted_proxies: Vec<IpNet>,
    /// Requests that one address may send.
    #[serde(deserialize_with = "text")]
    pub rate_limit: RateLimit,
    /// Requests that one address of this machine may send. If only `rate_limit` is set, it is that.
    #[serde(deserialize_with = "text")]
    pub rate_limit_loopback: RateLimit,
    /// Log entries that are kept.
    pub log_retention: u32,
    /// What is logged, in `env_logger`'s filter syntax.
    pub log_level: String,
    /// The largest request body, in bytes.
    pub body_limit: usize,
    /// How long a request's head may take.
    #[serde(deserialize_with = "seconds")]
    pub header_timeout: Duration,
    /// How long a request's body may take.
    #[serde(deserialize_with = "seconds")]
    pub body_timeout: Duration,
    /// How long an idle connection is kept open.
    #[serde(deserialize_with = "seconds")]
    pub keep_alive: Duration,
    /// Connections that are open at once.
    pub max_connections: usize,
    /// Requests that are in hand at once; what comes above that is answered with 503.
    pub max_requests: usize,
}

impl Settings {
    /// Merges and checks all layers.
    ///
    /// # Errors
    /// The first setting that is wrong or unknown, or the configuration file that cannot be read.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        sources.merged()?.extract().map_err(|fault| ConfigError::mismatch(&fault))
    }

    /// The address and port to listen on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }

    /// Whether only this machine can reach the server.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host.to_canonical().is_loopback()
    }

    /// Every configured secret, the database URL's passwords too: what must not get into a log.
    #[must_use]
    pub fn secrets(&self) -> Vec<SecretString> {
        [&self.api_key, &self.github_token, &self.figma_token]
            .into_iter()
            .flatten()
            .cloned()
            .chain(self.database_url.passwords())
            .collect()
    }
}

fn synchronous<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Synchronous, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "full" => Ok(Synchronous::Full),
        "normal" => Ok(Synchronous::Normal),
        _ => Err(de::Error::custom("full or normal")),
    }
}

/// An empty secret is one that is not set.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok((!text.is_empty()).then(|| SecretString::from(text)))
}

/// A text that may be empty, which is not set.
fn optional<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    let text = Some(text).filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(de::Error::custom)).transpose()
}

fn text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(de::Error::custom)
}

fn texts<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parsed = texts.iter().map(|text| text.parse());
    parsed.collect::<Result<_, _>>().map_err(de::Error::custom)
}

fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_secs)
}
