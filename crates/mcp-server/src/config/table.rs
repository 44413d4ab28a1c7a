//! The table of settings: the one place that says which there are and how they are spelt.

use std::cmp::Ordering;

use super::kind::Kind;

/// One setting.
pub(super) struct Setting {
    /// Its key in TOML and its field in [`Settings`](super::Settings).
    pub(super) key: &'static str,
    /// Its names in the environment; the first that is set counts.
    pub(super) variables: &'static [&'static str],
    /// What it accepts, and whether it is a secret.
    pub(super) kind: Kind,
    /// What it is for, in a line.
    pub(super) help: &'static str,
}

const fn row(
    key: &'static str,
    variables: &'static [&'static str],
    kind: Kind,
    help: &'static str,
) -> Setting {
    Setting { key, variables, kind, help }
}

const fn count(what: &'static str, least: u64, most: u64) -> Kind {
    Kind::Whole { what, least, most }
}

const SECONDS: Kind = count("whole seconds", 1, 3600);
const BODY: Kind = Kind::Bytes { least: 1 << 10, most: 1 << 30 };

/// All settings, in the order in which they are shown.
#[rustfmt::skip] // One row, one line.
pub(super) const SETTINGS: &[Setting] = &[
    row("host", &["MCP_HOST"], Kind::Host, "Address to listen on."),
    row("port", &["MCP_PORT"], count("a port", 0, 65_535), "Port to listen on; 0 takes a free one."),
    row("workers", &["MCP_WORKERS"], count("a whole number", 0, 256), "Worker threads; 0 is one for each core."),
    row("database_url", &["DATABASE_URL"], Kind::Database, "Where the memory is stored."),
    row("database_pool", &["MCP_DATABASE_POOL"], count("a whole number", 1, 64), "Database connections that read beside the one that writes."),
    row("write_queue", &["MCP_WRITE_QUEUE"], count("a whole number", 1, 65_536), "Writes that may wait for a commit before more are turned away."),
    row("batch_budget", &["MCP_BATCH_BUDGET"], count("whole milliseconds", 10, 60_000), "Time limit of an atomic batch with writes, in milliseconds; other writes wait for it."),
    row("sqlite_synchronous", &["MCP_SQLITE_SYNCHRONOUS"], Kind::Word(&["full", "normal"]), "Whether SQLite waits for the disk at every commit (full) or now and then (normal)."),
    row("statement_timeout", &["MCP_STATEMENT_TIMEOUT"], SECONDS, "Seconds that a statement may take on PostgreSQL."),
    row("api_key", &["MCP_API_KEY"], Kind::Secret, "Key that callers must send; without one, everybody may call."),
    row("github_token", &["MCP_GITHUB_TOKEN"], Kind::Secret, "Token for GitHub."),
    row("github_api_url", &["MCP_GITHUB_API_URL"], Kind::BaseUrl, "Base of GitHub's API."),
    row("figma_token", &["MCP_FIGMA_TOKEN"], Kind::Secret, "Token for Figma."),
    row("figma_api_url", &["MCP_FIGMA_API_URL"], Kind::BaseUrl, "Base of Figma's API."),
    row("upstream_timeout", &["MCP_UPSTREAM_TIMEOUT"], SECONDS, "Seconds that a call of GitHub or Figma may take, its repetitions included."),
    row("upstream_body_limit", &["MCP_UPSTREAM_BODY_LIMIT"], BODY, "Largest answer of GitHub or Figma, decoded."),
    row("upstream_cache", &["MCP_UPSTREAM_CACHE"], Kind::Bytes { least: 0, most: 4 << 30 }, "How much of GitHub's and Figma's answers is kept; 0 keeps none."),
    row("upstream_cache_time", &["MCP_UPSTREAM_CACHE_TIME"], count("whole seconds", 0, 86_400), "Seconds that such an answer is kept at most."),
    row("blob_store", &["MCP_BLOB_STORE"], BODY, "How much is kept of what was too large for an answer: screenshots, long texts."),
    row("blob_time", &["MCP_BLOB_TIME"], count("whole seconds", 1, 86_400), "Seconds that it is kept."),
    row("chromium", &["MCP_CHROMIUM"], Kind::Path, "Chromium's path; otherwise it is looked for in PATH."),
    row("webdriver_url", &["MCP_WEBDRIVER_URL"], Kind::WebDriver, "A WebDriver that runs already, to use instead of starting one."),
    row("browser_pool", &["MCP_BROWSER_POOL"], count("a whole number", 1, 64), "Browsers at once."),
    row("browser_idle", &["MCP_BROWSER_IDLE"], count("whole seconds", 0, 86_400), "Seconds that a free browser is kept for the next call; 0 keeps none."),
    row("browser_allowed_hosts", &["MCP_BROWSER_ALLOWED_HOSTS"], Kind::PageHosts, "Hosts that pages may be opened from beside the public internet."),
    row("cors_origins", &["MCP_CORS_ORIGINS"], Kind::Origins, "Web pages that may call from a browser."),
    row("tools", &["MCP_TOOLS"], Kind::Tools, "Tools that clients of the Model Context Protocol are shown."),
    row("sessions", &["MCP_SESSIONS"], Kind::Switch, "Whether that protocol's older revisions get sessions."),
    row("result_limit", &["MCP_RESULT_LIMIT"], BODY, "Largest response of its tools, resources and prompts, as sent."),
    row("allowed_hosts", &["MCP_ALLOWED_HOSTS"], Kind::Hosts, "Host names that a request may name beside loopback's."),
    row("trusted_proxies", &["MCP_TRUSTED_PROXIES"], Kind::Networks, "Proxies whose word about the caller's address is believed."),
    row("rate_limit", &["MCP_RATE_LIMIT"], Kind::Rate, "Requests that one address may send; more get 429. /live and /ready do not count."),
    row("rate_limit_loopback", &["MCP_RATE_LIMIT_LOOPBACK"], Kind::Rate, "The same for clients on this machine. If only rate_limit is set, it holds for them too."),
    row("log_retention", &["MCP_LOG_RETENTION"], count("a whole number", 0, 10_000_000), "Log entries that are kept."),
    row("log_level", &["MCP_LOG_LEVEL", "RUST_LOG"], Kind::LogFilter, "What the server writes to its own log."),
    row("body_limit", &["MCP_BODY_LIMIT"], BODY, "Largest request body."),
    row("header_timeout", &["MCP_HEADER_TIMEOUT"], SECONDS, "Seconds that a request's head may take."),
    row("body_timeout", &["MCP_BODY_TIMEOUT"], SECONDS, "Seconds that a request's body may take, and that a client may leave its answer unread."),
    row("keep_alive", &["MCP_KEEP_ALIVE"], SECONDS, "Seconds that an idle connection is kept open."),
    row("max_connections", &["MCP_MAX_CONNECTIONS"], count("a whole number", 1, 1_000_000), "Connections that are open at once; each worker has its share, rounded up."),
    row("max_requests", &["MCP_MAX_REQUESTS"], count("a whole number", 1, 1_000_000), "Requests in hand at once; above that the answer is 503."),
];

/// The setting with exactly this key.
pub(super) fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// The setting whose key or variable is spelt most like `name`, and how alike they are, 0 to 1.
pub(super) fn nearest(name: &str) -> Option<(&'static Setting, f64)> {
    let name = name.to_lowercase();
    let name = name.strip_prefix("mcp_").unwrap_or(&name);
    SETTINGS
        .iter()
        .map(|setting| (setting, strsim::normalized_damerau_levenshtein(name, setting.key)))
        .max_by(|(_, one), (_, other)| one.partial_cmp(other).unwrap_or(Ordering::Equal))
}

/// Returns whether an environment variable has the prefix of our settings and is not one of them.
pub(super) fn is_unknown_variable(name: &str) -> bool {
    let known = SETTINGS.iter().any(|setting| setting.variables.contains(&name));
    // For the command line and the tests; they share the prefix.
    let other = matches!(name, "MCP_CONFIG" | "MCP_BASE_URL") || name.starts_with("MCP_TEST_");
    name.starts_with("MCP_") && !known && !other
}
