//! The settings: for each its meaning, type, default, environment variables and accepted values.
//!
//! The first paragraph of a setting's comment is its summary; `config/default.toml` has all of it.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use mcp_integrations::browser::AllowedHost;
use mcp_storage::Synchronous;
use reqwest::Url;
use secrecy::SecretString;

use super::table::{Setting, settings};
use super::types::{
    SettingType, bytes, choice, list, milliseconds, number, optional, path, seconds, secret, set,
    text,
};
use super::{
    ConfigError, CorsOrigins, DatabaseUrl, RateLimit, Sources, ToolSet, log_filter, network,
};
use crate::authority::Authority;

const SECONDS: RangeInclusive<u64> = 1..=3600;
const DAY: RangeInclusive<u64> = 0..=86_400;
const SIZE: RangeInclusive<u64> = 1 << 10..=1 << 30;

settings! {
    /// Address to listen on.
    ///
    /// `localhost` is 127.0.0.1. Set an `api_key` before listening beyond this machine.
    host: IpAddr = "127.0.0.1", ["MCP_HOST"], text("an IP address or localhost", network::address);

    /// Port to listen on; 0 picks a free port.
    port: u16 = 8000, ["MCP_PORT"], number("a port", 0..=65_535);

    /// Worker threads; 0 starts one per core.
    workers: usize = 0, ["MCP_WORKERS"], number("a whole number", 0..=256);

    /// Database that stores the memory.
    ///
    /// `sqlite:///path`, `sqlite::memory:`, a plain path, or `postgres://user:password@host/name`.
    database_url: DatabaseUrl = "sqlite:///./mcp_server.db", ["DATABASE_URL"],
        text("a database URL or path, such as sqlite:///./mcp_server.db", DatabaseUrl::parse);

    /// Database connections for reads; one more connection writes.
    database_pool: u32 = 4, ["MCP_DATABASE_POOL"], number("a whole number", 1..=64);

    /// Maximum writes that wait for a commit; more get 503.
    write_queue: usize = 1024, ["MCP_WRITE_QUEUE"], number("a whole number", 1..=65_536);

    /// Time limit of an atomic batch that writes, in milliseconds.
    ///
    /// Other writes wait for the batch. A batch over the limit is rolled back.
    batch_budget: Duration = 250, ["MCP_BATCH_BUDGET"], milliseconds(10..=60_000);

    /// When SQLite waits for the disk: `full` at every commit, `normal` at checkpoints only.
    ///
    /// With `normal`, a power failure may lose the last commits, but never damages the database.
    sqlite_synchronous: Synchronous = "full", ["MCP_SQLITE_SYNCHRONOUS"],
        choice("full or normal", &[("full", Synchronous::Full), ("normal", Synchronous::Normal)]);

    /// Time limit of a PostgreSQL statement, in seconds.
    statement_timeout: Duration = 30, ["MCP_STATEMENT_TIMEOUT"], seconds(SECONDS);

    /// API key that clients must send; without a key, every client may call.
    api_key: Option<SecretString> = "", ["MCP_API_KEY"], secret();

    /// GitHub token.
    github_token: Option<SecretString> = "", ["MCP_GITHUB_TOKEN"], secret();

    /// Base URL of GitHub's API.
    ///
    /// Change it for GitHub Enterprise Server.
    github_api_url: Url = "https://api.github.com", ["MCP_GITHUB_API_URL"],
        text(network::BASE_URL, network::base_url);

    /// Figma token.
    figma_token: Option<SecretString> = "", ["MCP_FIGMA_TOKEN"], secret();

    /// Base URL of Figma's API.
    figma_api_url: Url = "https://api.figma.com", ["MCP_FIGMA_API_URL"],
        text(network::BASE_URL, network::base_url);

    /// Time limit of a call to GitHub or Figma in seconds, retries included.
    upstream_timeout: Duration = 30, ["MCP_UPSTREAM_TIMEOUT"], seconds(SECONDS);

    /// Maximum size of a GitHub or Figma response after decompression.
    upstream_body_limit: usize = "32MiB", ["MCP_UPSTREAM_BODY_LIMIT"], bytes(SIZE);

    /// Size of the cache for GitHub and Figma responses; 0 turns it off.
    ///
    /// A response from the cache does not count against their rate limits.
    upstream_cache: u64 = "64MiB", ["MCP_UPSTREAM_CACHE"], bytes(0..=4 << 30);

    /// Maximum age of a cached response, in seconds.
    upstream_cache_time: Duration = 3600, ["MCP_UPSTREAM_CACHE_TIME"], seconds(DAY);

    /// Size of the store for values that are too large for a response, such as screenshots.
    ///
    /// A full store removes its oldest values. One value may take a quarter of the store.
    blob_store: usize = "64MiB", ["MCP_BLOB_STORE"], bytes(SIZE);

    /// Time that the store keeps a value, in seconds.
    blob_time: Duration = 3600, ["MCP_BLOB_TIME"], seconds(1..=86_400);

    /// File of connections: MCP servers and HTTP APIs whose tools become actions.
    ///
    /// JSON, as MCP clients have it (`mcpServers`), or TOML. See docs/CONNECTIONS.md.
    connections: Option<PathBuf> = "", ["MCP_CONNECTIONS"], path();

    /// Path of Chromium; if not set, the server searches `PATH`.
    chromium: Option<PathBuf> = "", ["MCP_CHROMIUM"], path();

    /// URL of a running WebDriver, used instead of starting Chromium.
    ///
    /// Its browser must be able to connect to this machine.
    webdriver_url: Option<Url> = "", ["MCP_WEBDRIVER_URL"],
        optional("an http URL such as http://127.0.0.1:9515", network::webdriver_url);

    /// Maximum browsers at a time.
    browser_pool: usize = 2, ["MCP_BROWSER_POOL"], number("a whole number", 1..=64);

    /// Time that an idle browser stays open for the next call, in seconds; 0 closes it.
    browser_idle: Duration = 300, ["MCP_BROWSER_IDLE"], seconds(DAY);

    /// Hosts outside the public internet that the browser may open.
    ///
    /// `*.corp.example` allows its subdomains. An entry without a port allows all ports.
    browser_allowed_hosts: Vec<AllowedHost> = [], ["MCP_BROWSER_ALLOWED_HOSTS"],
        list("hosts such as localhost:3000 or *.corp.example", |host| host.parse().ok());

    /// Origins of the web pages that may call from a browser.
    ///
    /// `*` allows every page, an empty list none.
    cors_origins: CorsOrigins = "*", ["MCP_CORS_ORIGINS"],
        set(CorsOrigins::EXPECTED, CorsOrigins::parse);

    /// Tools that MCP clients see: `lean` (the tools `query` and `change`), `all` (a tool per action), or groups.
    ///
    /// The groups are users, tasks, config, utilities, github, figma and pages. A client can choose
    /// other tools in the URL: `/mcp?tools=all`.
    tools: ToolSet = "lean", ["MCP_TOOLS"],
        set(ToolSet::EXPECTED, |groups| ToolSet::parse(&groups.join(",")));

    /// Sessions for MCP clients that use an older protocol revision.
    ///
    /// Such clients need a session to be notified of changes. Sessions end with the process.
    sessions: bool = "off", ["MCP_SESSIONS"],
        choice("on or off", &[("on", true), ("off", false), ("true", true), ("false", false)]);

    /// Maximum size of an MCP response, as sent.
    result_limit: usize = "8MiB", ["MCP_RESULT_LIMIT"], bytes(SIZE);

    /// Host names, besides loopback names, that a request may address.
    ///
    /// A server on loopback behind a proxy needs the proxy's public names.
    allowed_hosts: Vec<Authority> = [], ["MCP_ALLOWED_HOSTS"],
        list("host names such as mcp.example.com or mcp.example.com:8443", network::host);

    /// Proxies whose `X-Forwarded-For` is trusted.
    trusted_proxies: Vec<IpNet> = [], ["MCP_TRUSTED_PROXIES"],
        list("IP addresses or networks such as 10.0.0.0/8", network::network);

    /// Requests that one address may send; more get 429. `/live` and `/ready` do not count.
    rate_limit: RateLimit = "100/minute", ["MCP_RATE_LIMIT"],
        text(RateLimit::EXPECTED, RateLimit::parse);

    /// The rate limit of clients on this machine. If only `rate_limit` is set, it applies to them.
    ///
    /// A request that a trusted proxy forwards counts for the proxy's client.
    rate_limit_loopback: RateLimit = "6000/minute", ["MCP_RATE_LIMIT_LOOPBACK"],
        text(RateLimit::EXPECTED, RateLimit::parse);

    /// Maximum entries in the log of calls; the oldest are removed.
    log_retention: u32 = 1000, ["MCP_LOG_RETENTION"], number("a whole number", 0..=10_000_000);

    /// Filter of the server's own log, which goes to stderr.
    log_level: String = "info", ["MCP_LOG_LEVEL", "RUST_LOG"],
        text(log_filter::EXPECTED, log_filter::parse);

    /// Maximum size of a request body.
    body_limit: usize = "2MiB", ["MCP_BODY_LIMIT"], bytes(SIZE);

    /// Time limit for receiving a request's head, in seconds.
    header_timeout: Duration = 5, ["MCP_HEADER_TIMEOUT"], seconds(SECONDS);

    /// Time limit for receiving a request's body, and for a client to read its response, in seconds.
    body_timeout: Duration = 30, ["MCP_BODY_TIMEOUT"], seconds(SECONDS);

    /// Time that an idle connection stays open, in seconds.
    keep_alive: Duration = 75, ["MCP_KEEP_ALIVE"], seconds(SECONDS);

    /// Maximum open connections; each worker takes an equal share, rounded up.
    max_connections: usize = 10000, ["MCP_MAX_CONNECTIONS"], number("a whole number", 1..=1_000_000);

    /// Maximum concurrent requests; more get 503.
    max_requests: usize = 512, ["MCP_MAX_REQUESTS"], number("a whole number", 1..=1_000_000);
}

impl Settings {
    /// Returns the address and port to listen on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }

    /// Returns whether the server listens on a loopback address.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host.to_canonical().is_loopback()
    }

    /// Returns every configured secret, the database URL's passwords included: no log may hold them.
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
