//! Web pages, as a reader of a browser sees them: a real Chromium, over the DevTools protocol.
//!
//! - [`Browser`] is what the actions call; `engine` holds its calls and their deadline.
//! - `pool` says which call gets which browser, `session` is one browser with a clean profile,
//!   `source` where it comes from, `switches` how it is started.
//! - `chromium` holds the processes of a browser of ours, `pipe` the connection to it, `tab` its
//!   page and `traffic` what its events say; `webdriver` is the browser of an operator's WebDriver.
//! - `page` opens, `load` waits, `read` reads, `failure` and `fault` say why not; `egress` is the
//!   proxy through which every connection goes, `sockets` says whose a connection is.
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

pub use crate::resolve::{Addresses, Resolve, SystemResolver};
pub use allowed_host::{AllowedHost, NotAHost};
pub use engine::Browser;
pub use get_text::{GetText, GetTextOutput, GetTextParams};
pub use get_title::{GetTitle, GetTitleOutput, GetTitleParams};
pub use screenshot::{Screenshot, ScreenshotOutput, ScreenshotParams};
pub use settings::BrowserSettings;
pub use web_url::WebUrl;

const GROUP: mcp_core::Group = mcp_core::Group::new(
    "pages",
    "website site webpage web page url address link homepage browser",
);

/// How long a call may take, from its queue to its answer.
const DEADLINE: Duration = Duration::from_secs(30);
