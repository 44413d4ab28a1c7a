//! `playwright_get_text`

use std::time::Duration;

use mcp_core::action::params::Bounded;
use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Browser, WebUrl};

/// Opens a page and gives its visible text.
pub struct GetText {
    browser: Browser,
}

impl GetText {
    /// The action over this browser.
    #[must_use]
    pub fn new(browser: Browser) -> Self {
        Self { browser }
    }
}

/// The parameters of `playwright_get_text`.
#[derive(Deserialize, JsonSchema)]
pub struct GetTextParams {
    /// The page's address; it starts with http:// or https://.
    pub url: WebUrl,
    /// The most characters of text that are given; what is longer is cut.
    #[serde(default)]
    pub max_chars: Bounded<1, 1_000_000, 4000>,
    /// How many milliseconds to wait after the page has loaded. The wait ends in time for the
    /// page to be read within the call's 30 seconds.
    #[serde(default)]
    pub wait_ms: Bounded<0, 30_000, 0>,
}

/// What `playwright_get_text` answers.
#[derive(Serialize, JsonSchema)]
pub struct GetTextOutput {
    /// The visible text of the page, at most `max_chars` characters of it.
    pub text: String,
    /// Whether there is more text than was given.
    pub truncated: bool,
    /// The address of the page after its redirects.
    pub url: String,
    /// The status of the page's HTTP response, where it is not 2xx.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why the page may be incomplete, where loading did not finish.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
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
        let limit = params.max_chars.get() as usize;
        let wait = Duration::from_millis(params.wait_ms.get().into());
        let (page, truncated) =
            self.browser.text(params.url.into_url(), limit, wait, progress).await?;
        Ok(GetTextOutput {
            text: page.value,
            truncated,
            url: page.url,
            status: page.status,
            incomplete: page.incomplete,
        })
    }
}
