//! `playwright_screenshot`

use std::time::Duration;

use mcp_core::action::params::Bounded;
use mcp_core::action::{Shape, View};
use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::engine::Shot;
use super::{Browser, WebUrl};

/// Opens a page and takes a picture of it.
pub struct Screenshot {
    browser: Browser,
}

impl Screenshot {
    /// The action over this browser.
    #[must_use]
    pub fn new(browser: Browser) -> Self {
        Self { browser }
    }
}

/// The parameters of `playwright_screenshot`.
#[derive(Deserialize, JsonSchema)]
pub struct ScreenshotParams {
    /// The page's address; it starts with http:// or https://.
    pub url: WebUrl,
    /// Whether the picture shows the whole page, at most 4096 by 8000 CSS pixels of it, instead of
    /// the part that the window shows.
    #[serde(default)]
    pub full_page: bool,
    /// How many milliseconds to wait after the page has loaded. The wait ends in time for the
    /// page to be read within the call's 30 seconds.
    #[serde(default)]
    pub wait_ms: Bounded<0, 30_000, 0>,
    /// The window's width in CSS pixels.
    #[serde(default)]
    pub viewport_width: Bounded<16, 4096, 1280>,
    /// The window's height in CSS pixels.
    #[serde(default)]
    pub viewport_height: Bounded<16, 4096, 720>,
}

/// What `playwright_screenshot` answers.
#[derive(Serialize, JsonSchema)]
pub struct ScreenshotOutput {
    /// The picture's media type: `image/png`.
    pub content_type: String,
    /// The picture in base64 (RFC 4648, section 4).
    pub screenshot_base64: String,
    /// The address of the page after its redirects.
    pub url: String,
    /// The status of the page's HTTP response, where it is not 2xx.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why the page may be incomplete, where loading did not finish.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
    /// The size of the page, where the picture of the whole page shows only a part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
}

/// The picture itself is never shown as text.
const VIEW: View =
    View::WHOLE.shaped(Shape::Picture { base64: "screenshot_base64", media_type: "content_type" });

impl RemoteAction for Screenshot {
    const NAME: &'static str = "playwright_screenshot";
    type Params = ScreenshotParams;
    type Output = ScreenshotOutput;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"url":"https://example.com","viewport_width":800,"viewport_height":600}"#,
            answer: r#"{"content_type":"image/png","screenshot_base64":"iVBORw0KGgoAAAANSUhEUgAA","url":"https://example.com/"}"#,
        };
        Doc::new(super::GROUP, "Take a picture of a web page", example)
            .words(&[
                "make screenshot image photo snapshot png capture render shoot visual",
                "visually thumbnail pixels look looks looks-like appearance appear mobile",
                "phone desktop grab screengrab pic save",
            ])
            .view(VIEW)
    }

    async fn run(
        &self,
        params: ScreenshotParams,
        progress: &Progress,
    ) -> Result<ScreenshotOutput, ActionError> {
        let shot = Shot {
            window: (params.viewport_width.get(), params.viewport_height.get()),
            full_page: params.full_page,
            wait: Duration::from_millis(params.wait_ms.get().into()),
        };
        let page = self.browser.picture(params.url.into_url(), shot, progress).await?;
        Ok(ScreenshotOutput {
            content_type: "image/png".into(),
            screenshot_base64: page.value,
            url: page.url,
            status: page.status,
            incomplete: page.incomplete,
            cut: page.cut,
        })
    }
}
