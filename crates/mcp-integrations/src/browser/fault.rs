//! What a caller is told when a page cannot be shown.

use std::error::Error;
use std::time::Duration;

use fantoccini::error::{CmdError, ErrorStatus};
use mcp_core::{ActionError, ErrorCode};

use super::devtools::DevToolsError;

const CRASHED: &str = "The page crashed its tab of the browser.";

/// The browser is missing. The message says how to get one.
pub(super) fn missing(message: &str) -> ActionError {
    unavailable(format!(
        "{message}: install the package chromium (on Debian: apt-get install chromium), or set \
         MCP_CHROMIUM to the path of Chromium, or MCP_WEBDRIVER_URL to the address of a WebDriver"
    ))
}

/// There is no browser.
pub(super) fn unavailable(message: impl Into<String>) -> ActionError {
    ActionError::new(ErrorCode::Unavailable, message)
}

/// Chromium or the WebDriver did not start.
pub(super) fn not_started(cause: impl Into<Box<dyn Error + Send + Sync>>) -> ActionError {
    unavailable("the browser did not start: see the server's log").caused_by(cause)
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

/// The whole call took too long, for this reason.
pub(super) fn too_slow(why: &str) -> ActionError {
    let limit = super::DEADLINE.as_secs();
    let message = format!("the page took longer than {limit} seconds: {why}");
    ActionError::new(ErrorCode::UpstreamTimeout, message)
}

/// The page's scripts stay busy, although the server ended some of them.
pub(super) fn busy_page() -> ActionError {
    let message = "the page cannot be read: its scripts keep the browser busy, although the server \
                   ended the first ones";
    ActionError::new(ErrorCode::UpstreamTimeout, message)
}

/// The page is not reached, or is none.
pub(super) fn upstream(message: impl Into<String>) -> ActionError {
    ActionError::new(ErrorCode::UpstreamFailed, message)
}

/// The browser answers no more.
pub(super) fn lost(error: DevToolsError) -> ActionError {
    if let DevToolsError::Driver(driver) = &error
        && let CmdError::Standard(driver) = &**driver
        && driver.error == ErrorStatus::Timeout
    {
        return too_slow("the WebDriver did not answer in time").caused_by(error);
    }
    let message = match &error {
        DevToolsError::Crashed => CRASHED,
        DevToolsError::Driver(driver) if driver.to_string().contains("tab crashed") => CRASHED,
        _ => "The browser ended while it showed the page.",
    };
    upstream(message).caused_by(error)
}

/// Whether the WebDriver or its browser is gone, rather than the document that a command was for.
pub(super) fn is_lost(error: &CmdError) -> bool {
    let is_gone = |status: &ErrorStatus| {
        matches!(
            status,
            ErrorStatus::InvalidSessionId | ErrorStatus::NoSuchWindow | ErrorStatus::Timeout
        )
    };
    match error {
        CmdError::Standard(driver) => {
            is_gone(&driver.error) || driver.message.contains("tab crashed")
        }
        _ => true,
    }
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
