//! The reason for an error page of the browser.

use mcp_core::ActionError;
use reqwest::Url;

use super::egress::{ConnectError, Egress, Target};
use super::fault;

/// Returns the error of a page that could not be loaded. `code` is Chromium's name of the error,
/// `status` the status of the last response.
pub(super) fn failure(
    egress: &Egress,
    failed: &str,
    code: Option<&str>,
    status: Option<u16>,
) -> ActionError {
    let Ok(url) = Url::parse(failed) else {
        return fault::upstream("the page leads to an invalid URL");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return fault::not_the_web(Some(url.scheme()));
    }
    let Some(target) = Target::of(&url) else {
        return fault::upstream("the page leads to a URL without a host");
    };
    let Target { host, port } = &target;
    match egress.error(&target) {
        Some(ConnectError::Forbidden) => return fault::forbidden(host, *port),
        Some(ConnectError::Unresolved) => {
            return fault::upstream(format!("{host} could not be resolved"));
        }
        Some(ConnectError::Unreachable) => {
            return fault::upstream(format!("{host}:{port} could not be reached"));
        }
        None => (),
    }
    match code {
        Some("ERR_UNSAFE_REDIRECT" | "ERR_UNKNOWN_URL_SCHEME" | "ERR_DISALLOWED_URL_SCHEME") => {
            fault::not_the_web(None)
        }
        Some("ERR_UNSAFE_PORT") => ActionError::invalid(format!(
            "browsers block port {port}: use another port (MCP_BROWSER_ALLOWED_HOSTS cannot open it)"
        )),
        code => {
            let status = status.filter(|status| !(200..300).contains(status));
            let status = status.map(|status| format!("HTTP status {status}"));
            let causes: Vec<&str> = status.as_deref().into_iter().chain(code).collect();
            let causes = causes.join(", ");
            fault::upstream(format!("{host}:{port} could not be loaded ({causes})"))
        }
    }
}

/// Finds Chromium's name of a network error in a text, such as `ERR_CONNECTION_RESET`.
pub(super) fn code(text: &str) -> Option<String> {
    let start = text.find("ERR_")?;
    let is_part =
        |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    let code: String =
        text[start..].chars().take_while(|letter| is_part(*letter)).take(64).collect();
    Some(code)
}
