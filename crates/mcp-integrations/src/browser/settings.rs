//! The settings of the browser.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use super::AllowedHost;

/// The settings of the browser: its program, and the hosts that it may reach.
#[derive(Clone, Debug)]
pub struct BrowserSettings {
    /// The path of Chromium, `MCP_CHROMIUM`. By default, the first `chromium`, `chromium-browser`,
    /// `google-chrome-stable`, `google-chrome` or `chrome` in [`path`](Self::path).
    pub chromium: Option<PathBuf>,
    /// The URL of a running WebDriver, `MCP_WEBDRIVER_URL`: plain `http`. The server then starts no
    /// Chromium. The WebDriver's browser must reach this machine, because all its connections pass
    /// through this process.
    pub webdriver_url: Option<Url>,
    /// The maximum number of browsers, `MCP_BROWSER_POOL`, including the warm ones. At least 1.
    pub pool: usize,
    /// How long an unused browser is kept for the next call, `MCP_BROWSER_IDLE`. Zero keeps none.
    pub idle: Duration,
    /// The hosts that are open besides the public internet, `MCP_BROWSER_ALLOWED_HOSTS`.
    pub allowed_hosts: Vec<AllowedHost>,
    /// The `PATH` of this process.
    pub path: String,
    /// The folder for the browsers' profiles, which are removed with their browsers.
    pub directory: PathBuf,
}

impl Default for BrowserSettings {
    /// Two browsers from the usual folders, kept for 5 minutes, for the public internet only.
    fn default() -> Self {
        Self {
            chromium: None,
            webdriver_url: None,
            pool: 2,
            idle: Duration::from_mins(5),
            allowed_hosts: Vec::new(),
            path: "/usr/local/bin:/usr/bin:/bin".into(),
            directory: "/tmp".into(),
        }
    }
}
