//! `playwright_screenshot`

use mcp_core::action::params::Bounded;
use mcp_core::action::{Shape, View};
use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::engine::ScreenshotOptions;
use super::{Browser, PageInfo, WaitMs, WebUrl, wait};

/// Opens a page and takes a picture of it.
pub(super) struct Screenshot(pub(super) Browser);

#[derive(Deserialize, JsonSchema)]
pub(super) struct ScreenshotParams {
    /// The page's URL: http:// or https://.
    url: WebUrl,
    /// Whether the picture shows the whole page, up to 4096 by 8000 CSS pixels, instead of the window.
    #[serde(default)]
    full_page: bool,
    /// Milliseconds to wait after the page has loaded, within the call's 30 seconds.
    #[serde(default)]
    wait_ms: WaitMs,
    /// The window's width in CSS pixels.
    #[serde(default)]
    viewport_width: Bounded<16, 4096, 1280>,
    /// The window's height in CSS pixels.
    #[serde(default)]
    viewport_height: Bounded<16, 4096, 720>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct ScreenshotOutput {
    /// The picture's media type: `image/png`.
    content_type: &'static str,
    /// The picture in base64 (RFC 4648, section 4).
    screenshot_base64: String,
    #[serde(flatten)]
    page: PageInfo,
    /// The size of the page, if the picture of the whole page shows only a part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<String>,
}

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
        let options = ScreenshotOptions {
            window: (params.viewport_width.get(), params.viewport_height.get()),
            full_page: params.full_page,
            wait: wait(params.wait_ms),
        };
        let page = self.0.picture(params.url.into_url(), options, progress).await?;
        Ok(ScreenshotOutput {
            content_type: "image/png",
            screenshot_base64: page.value,
            page: page.info,
            cut: page.cut,
        })
    }
}
