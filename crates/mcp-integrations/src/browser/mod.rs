//! Web pages, as a reader of a browser sees them: a real Chromium, through ChromeDriver.
//!
//! - [`Browser`] is what the actions call; `engine` holds its calls and their deadline.
//! - `pool` says which call gets which browser, `session` is one browser with a clean profile,
//!   `source` where its driver comes from, `driver` its processes, `switches` how it is started.
//! - `page` opens and reads, `failure` and `fault` say why not; `egress` is the proxy through which every connection goes,
//!   `sockets` says whose a connection is.
//!
//! Invariant: a browser reaches nothing except through `egress`, and serves one call.

mod allowed_host;
mod driver;
mod egress;
mod engine;
mod failure;
mod fault;
mod get_text;
mod get_title;
mod page;
mod pool;
mod screenshot;
mod session;
mod settings;
mod sockets;
mod source;
mod switches;
mod web_url;

use std::time::Duration;

pub use crate::resolve::{Addresses, Resolve, SystemResolver};
pub use allowed_host::{AllowedHost, NotAHost};
pub use engine::Browser;
pub use get_text::{GetText, GetTextOutput, GetTextParams};
pub use get_title::{GetTitle, GetTitleOutput, GetTitleParams};
pub use screenshot::{Screenshot, ScreenshotOutput, ScreenshotParams};
pub use settings::BrowserSettings;
pub use web_url::WebUrl;

/// How long a call may take, from its queue to its answer.
const DEADLINE: Duration = Duration::from_secs(30);
