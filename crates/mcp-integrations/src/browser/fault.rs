//! The errors of calls that open a page.

use std::error::Error;
use std::time::Duration;

use fantoccini::error::{CmdError, ErrorStatus};
use mcp_core::{ActionError, ErrorCode};

use super::devtools::DevToolsError;

const CRASHED: &str = "the page crashed its tab of the browser";

/// Returns the error of a missing browser. The message says how to get one.
pub(super) fn missing(message: &str) -> ActionError {
    unavailable(format!(
        "{message}: install the package chromium (on Debian: apt-get install chromium), or set \
         MCP_CHROMIUM to the path of Chromium, or MCP_WEBDRIVER_URL to the address of a WebDriver"
    ))
}

/// Returns the error of a browser that cannot be used.
pub(super) fn unavailable(message: impl Into<String>) -> ActionError {
    ActionError::new(ErrorCode::Unavailable, message)
}

/// Returns the error of a Chromium or a WebDriver that did not start.
pub(super) fn not_started(cause: impl Into<Box<dyn Error + Send + Sync>>) -> ActionError {
    unavailable("the browser did not start: see the server's log").caused_by(cause)
}

/// Returns the error of a full queue.
pub(super) fn busy() -> ActionError {
    ActionError::new(
        ErrorCode::Busy,
        "all browsers are in use: try again, or raise MCP_BROWSER_POOL",
    )
    .retry_after(Duration::from_secs(2))
}

/// Returns the error of calls during shutdown.
pub(super) fn closed() -> ActionError {
    unavailable("the server is shutting down")
}

/// Returns the error of a call that exceeded its deadline, for this reason.
pub(super) fn too_slow(why: &str) -> ActionError {
    let limit = super::DEADLINE.as_secs();
    let message = format!("the page took longer than {limit} seconds: {why}");
    ActionError::new(ErrorCode::UpstreamTimeout, message)
}

/// Returns the error of a page whose scripts stay busy, although the server ended some of them.
pub(super) fn busy_page() -> ActionError {
    let message = "the page cannot be read: its scripts keep the browser busy, although the server \
                   ended the first ones";
    ActionError::new(ErrorCode::UpstreamTimeout, message)
}

/// Returns the error of a page that could not be opened or read.
pub(super) fn upstream(message: impl Into<String>) -> ActionError {
    ActionError::new(ErrorCode::UpstreamFailed, message)
}

/// Returns the error of a browser that does not answer any more.
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
        _ => "the browser ended while it showed the page",
    };
    upstream(message).caused_by(error)
}

/// Returns whether the WebDriver or its browser is gone, not only the document of the command.
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

/// Returns the error of a host that the browser may not open.
pub(super) fn forbidden(host: &str, port: u16) -> ActionError {
    ActionError::invalid(format!(
        "{host}:{port} is not on the public internet, so the browser may not open it: the operator can \
         allow it with MCP_BROWSER_ALLOWED_HOSTS"
    ))
}

/// Returns the error of a page that led to a URL of another scheme.
pub(super) fn not_the_web(scheme: Option<&str>) -> ActionError {
    let of_scheme = scheme.map(|scheme| format!(" with the scheme {scheme}")).unwrap_or_default();
    ActionError::invalid(format!(
        "the page leads to a URL{of_scheme}: the browser opens only http:// or https:// \
         (MCP_BROWSER_ALLOWED_HOSTS opens hosts, not schemes)"
    ))
}
