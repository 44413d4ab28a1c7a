//! Web pages, as a reader of a browser sees them.

mod get_text;
mod get_title;
mod screenshot;
mod web_url;

pub use get_text::{GetText, GetTextOutput, GetTextParams};
pub use get_title::{GetTitle, GetTitleOutput, GetTitleParams};
pub use screenshot::{Screenshot, ScreenshotOutput, ScreenshotParams};
pub use web_url::WebUrl;

use mcp_core::{ActionError, ErrorCode};

fn not_served() -> ActionError {
    ActionError::new(ErrorCode::Unavailable, "Web pages are not served by this build yet")
}
