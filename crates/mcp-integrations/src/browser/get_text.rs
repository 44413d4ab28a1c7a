//! `playwright_get_text`

use mcp_core::action::params::Bounded;
use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Browser, PageInfo, WaitMs, WebUrl, wait};

/// Opens a page and returns its visible text.
pub(super) struct GetText(pub(super) Browser);

#[derive(Deserialize, JsonSchema)]
pub(super) struct GetTextParams {
    /// The page's URL: http:// or https://.
    url: WebUrl,
    /// The maximum number of characters. A longer text is truncated.
    #[serde(default)]
    max_chars: Bounded<1, 1_000_000, 4000>,
    /// Milliseconds to wait after the page has loaded, within the call's 30 seconds.
    #[serde(default)]
    wait_ms: WaitMs,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct GetTextOutput {
    /// The visible text of the page.
    text: String,
    /// Whether the page has more text.
    truncated: bool,
    #[serde(flatten)]
    page: PageInfo,
}

impl RemoteAction for GetText {
    const NAME: &'static str = "playwright_get_text";
    type Params = GetTextParams;
    type Output = GetTextOutput;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"url":"https://example.com","max_chars":60}"#,
            answer: r#"{"text":"Example Domain\n\nThis domain is for use in documentation exa","truncated":true,"url":"https://example.com/"}"#,
        };
        Doc::new(super::GROUP, "Get the visible text of a web page", example).words(&[
            "page site web website url read scrape crawl extract content contents article",
            "body words paragraphs html news information say says said written stands",
            "copy wording sentence appears visit open browse go grab summarise",
        ])
    }

    async fn run(
        &self,
        params: GetTextParams,
        progress: &Progress,
    ) -> Result<GetTextOutput, ActionError> {
        let (url, wait) = (params.url.into_url(), wait(params.wait_ms));
        let limit = params.max_chars.get() as usize;
        let (page, truncated) = self.0.text(url, limit, wait, progress).await?;
        Ok(GetTextOutput { text: page.value, truncated, page: page.info })
    }
}
