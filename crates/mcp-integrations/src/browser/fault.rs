//! What a caller is told when a page cannot be shown.

use std::error::Error;
use std::time::Duration;

use fantoccini::error::{CmdError, ErrorStatus};
use mcp_core::{ActionError, ErrorCode};

/// What to install and to set.
pub(super) const HOW_TO_INSTALL: &str = "Install the packages chromium and chromium-driver (on \
    Debian: apt-get install chromium chromium-driver), or set MCP_CHROMEDRIVER to the path of \
    ChromeDriver, or MCP_WEBDRIVER_URL to the address of one that runs.";

/// There is no browser.
pub(super) fn unavailable(message: impl Into<String>) -> ActionError {
    ActionError::new(ErrorCode::Unavailable, message)
}

/// ChromeDriver or Chromium did not start.
pub(super) fn not_started(cause: impl Into<Box<dyn Error + Send + Sync>>) -> ActionError {
    let cause = cause.into();
    let message = if cause.to_string().contains("cannot find Chrome binary") {
        format!("ChromeDriver found no Chromium. {HOW_TO_INSTALL}")
    } else {
        "The browser did not start; the server's log has the cause.".into()
    };
    unavailable(message).caused_by(cause)
}

/// All browsers are taken, and so is the queue.
pub(super) fn busy() -> ActionError {
    ActionError::new(ErrorCode::Busy, "All browsers are in use; see MCP_BROWSER_POOL.")
        .retry_after(Duration::from_secs(2))
}

/// The server ends.
pub(super) fn closed() -> ActionError {
    unavailable("The server is shutting down.")
}

/// The whole call took too long.
pub(super) fn too_slow(limit: Duration) -> ActionError {
    let message = format!("The page took longer than {} seconds.", limit.as_secs());
    ActionError::new(ErrorCode::UpstreamTimeout, message)
}

/// The page is not reached, or is none.
pub(super) fn upstream(message: impl Into<String>) -> ActionError {
    ActionError::new(ErrorCode::UpstreamFailed, message)
}

/// The browser answers no more.
pub(super) fn lost(error: CmdError) -> ActionError {
    let text = error.to_string();
    if matches!(&error, CmdError::Standard(error) if error.error == ErrorStatus::Timeout) {
        return too_slow(super::DEADLINE).caused_by(error);
    }
    let message = if text.contains("tab crashed") {
        "The page crashed its tab of the browser."
    } else {
        "The browser ended while it showed the page."
    };
    upstream(message).caused_by(error)
}

/// The operator did not open this host to the browser.
pub(super) fn forbidden(host: &str, port: u16) -> ActionError {
    ActionError::invalid(format!(
        "{host}:{port} is not on the public internet, so the browser may not open it. The \
         operator can allow it with MCP_BROWSER_ALLOWED_HOSTS."
    ))
}

/// The page led to something that is not a web page; its scheme, where that is known.
pub(super) fn not_the_web(scheme: Option<&str>) -> ActionError {
    let of_scheme = scheme.map(|scheme| format!(" of the scheme {scheme}")).unwrap_or_default();
    ActionError::invalid(format!(
        "The page leads to an address{of_scheme} that is not of the web: it must start with http:// \
         or https://. MCP_BROWSER_ALLOWED_HOSTS opens hosts, not schemes."
    ))
}
