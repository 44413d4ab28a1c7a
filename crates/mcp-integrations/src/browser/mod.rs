//! Web pages in a real Chromium, over the DevTools protocol.
//!
//! - [`Browser`] is the entry of the actions; `engine` runs its calls within a deadline.
//! - `pool` assigns browsers to calls. `session` is one browser with a clean profile, `source` finds
//!   its program, `switches` are its command-line switches.
//! - `chromium` is a browser process of this server, `pipe` the connection to it, `tab` its page and
//!   `traffic` its events. `webdriver` is the browser of an operator's WebDriver.
//! - `page` opens a page, `load` waits for it, `read` reads it; `failure` and `fault` are the errors.
//!   `egress` is the proxy for every connection, `sockets` finds the owner of a connection.
//!
//! Invariant: a browser reaches nothing except through `egress`, and serves one call.

mod allowed_host;
mod chromium;
mod devtools;
mod egress;
mod engine;
mod failure;
mod fault;
mod get_text;
mod get_title;
mod load;
mod page;
mod pipe;
mod pool;
mod read;
mod screenshot;
mod session;
mod settings;
mod sockets;
mod source;
mod switches;
mod tab;
mod traffic;
mod web_url;
mod webdriver;

use std::time::Duration;

use mcp_core::RegistryBuilder;
use mcp_core::action::params::Bounded;
use schemars::JsonSchema;
use serde::Serialize;

pub use crate::resolve::{Addresses, Resolve, SystemResolver};
pub use allowed_host::{AllowedHost, NotAHost};
pub use engine::Browser;
use get_text::GetText;
use get_title::GetTitle;
use screenshot::Screenshot;
pub use settings::BrowserSettings;
use web_url::WebUrl;

const GROUP: mcp_core::Group = mcp_core::Group::new(
    "pages",
    "website site webpage web page url address link homepage browser",
);

/// The timeout of a call, including its wait in the queue.
const DEADLINE: Duration = Duration::from_secs(30);

/// Registers every action of the browser.
#[must_use]
pub fn register(browser: &Browser, registry: RegistryBuilder) -> RegistryBuilder {
    registry
        .remote(GetTitle(browser.clone()))
        .remote(GetText(browser.clone()))
        .remote(Screenshot(browser.clone()))
}

/// The parameter `wait_ms`.
type WaitMs = Bounded<0, 30_000, 0>;

fn wait(milliseconds: WaitMs) -> Duration {
    Duration::from_millis(milliseconds.get().into())
}

/// The fields that all results of a page share.
#[derive(Serialize, JsonSchema)]
struct PageInfo {
    /// The page's URL after redirects.
    url: String,
    /// The status of the page's HTTP response, unless it is 2xx.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Why the page may be incomplete, if loading did not finish.
    #[serde(skip_serializing_if = "Option::is_none")]
    incomplete: Option<String>,
}
