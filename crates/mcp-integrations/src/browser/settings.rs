//! What the operator decides about the browser.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use super::AllowedHost;

/// How a browser is found and where it may go.
#[derive(Clone, Debug)]
pub struct BrowserSettings {
    /// The path of Chromium, `MCP_CHROMIUM`. Without it the first `chromium`, `chromium-browser`,
    /// `google-chrome-stable`, `google-chrome` or `chrome` of [`path`](Self::path) is used.
    pub chromium: Option<PathBuf>,
    /// A WebDriver that runs already, `MCP_WEBDRIVER_URL`: plain `http`. Nothing is started then.
    /// Its browser must reach this machine, because all its connections pass through this process.
    pub webdriver_url: Option<Url>,
    /// How many browsers there are at once, `MCP_BROWSER_POOL`: those of calls and those that are
    /// kept warm for the next ones. At least 1.
    pub pool: usize,
    /// How long a browser that no call uses is kept for the next call, `MCP_BROWSER_IDLE`. Zero
    /// keeps none.
    pub idle: Duration,
    /// What is open beside the public internet, `MCP_BROWSER_ALLOWED_HOSTS`.
    pub allowed_hosts: Vec<AllowedHost>,
    /// `PATH`, as the process was given it.
    pub path: String,
    /// Where a browser's profile lives while its call runs. It is removed with the browser.
    pub directory: PathBuf,
}

impl Default for BrowserSettings {
    /// Two browsers from the usual folders, for the public internet alone, kept for 5 minutes.
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
