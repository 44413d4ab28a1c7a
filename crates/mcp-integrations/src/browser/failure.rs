//! Why the browser shows an error page instead of a page.

use mcp_core::ActionError;
use reqwest::Url;

use super::egress::{Egress, Fault, Target};
use super::fault;

/// Why an address could not be loaded. `code` is what Chromium calls the fault, `status` the status
/// of the last response.
pub(super) fn failure(
    egress: &Egress,
    failed: &str,
    code: Option<&str>,
    status: Option<u16>,
) -> ActionError {
    let Ok(url) = Url::parse(failed) else {
        return fault::upstream("The page leads to an address that is none.");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return fault::not_the_web(Some(url.scheme()));
    }
    let Some(target) = Target::of(&url) else {
        return fault::upstream("The page leads to an address without a host.");
    };
    let Target { host, port } = &target;
    match egress.fault(&target) {
        Some(Fault::Forbidden) => return fault::forbidden(host, *port),
        Some(Fault::Unresolved) => {
            return fault::upstream(format!("{host} could not be resolved."));
        }
        Some(Fault::Unreachable) => {
            return fault::upstream(format!("{host}:{port} could not be reached."));
        }
        None => (),
    }
    match code {
        Some("ERR_UNSAFE_REDIRECT" | "ERR_UNKNOWN_URL_SCHEME" | "ERR_DISALLOWED_URL_SCHEME") => {
            fault::not_the_web(None)
        }
        Some("ERR_UNSAFE_PORT") => ActionError::invalid(format!(
            "No browser opens a page at port {port}, whatever MCP_BROWSER_ALLOWED_HOSTS says."
        )),
        code => {
            let status = status.filter(|status| !(200..300).contains(status));
            let status = status.map(|status| format!("HTTP status {status}"));
            let causes: Vec<&str> = status.as_deref().into_iter().chain(code).collect();
            let causes = causes.join(", ");
            fault::upstream(format!("{host}:{port} could not be loaded ({causes})."))
        }
    }
}

/// Chromium's name of a network fault in a text, such as `ERR_CONNECTION_RESET`.
pub(super) fn code(text: &str) -> Option<String> {
    let start = text.find("ERR_")?;
    let is_part =
        |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    let code: String =
        text[start..].chars().take_while(|letter| is_part(*letter)).take(64).collect();
    Some(code)
}
