//! `playwright_get_title`

use std::time::Duration;

use mcp_core::action::params::Bounded;
use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Browser, WebUrl};

/// Opens a page and gives its title.
pub struct GetTitle {
    browser: Browser,
}

impl GetTitle {
    /// The action over this browser.
    #[must_use]
    pub fn new(browser: Browser) -> Self {
        Self { browser }
    }
}

/// The parameters of `playwright_get_title`.
#[derive(Deserialize, JsonSchema)]
pub struct GetTitleParams {
    /// The page's address; it starts with http:// or https://.
    pub url: WebUrl,
    /// How many milliseconds to wait after the page has loaded. The wait ends in time for the
    /// page to be read within the call's 30 seconds.
    #[serde(default)]
    pub wait_ms: Bounded<0, 30_000, 0>,
}

/// What `playwright_get_title` answers.
#[derive(Serialize, JsonSchema)]
pub struct GetTitleOutput {
    /// The title; empty where the page has none.
    pub title: String,
    /// The address of the page after its redirects.
    pub url: String,
    /// The status of the page's HTTP response, where it is not 2xx.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why the page may be incomplete, where loading did not finish.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
}

impl RemoteAction for GetTitle {
    const NAME: &'static str = "playwright_get_title";
    type Params = GetTitleParams;
    type Output = GetTitleOutput;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"url":"https://example.com"}"#,
            answer: r#"{"title":"Example Domain","url":"https://example.com/"}"#,
        };
        Doc::new(super::GROUP, "Get the title of a web page", example)
            .words(&["heading headline caption name called named tab tag browser-tab say says"])
    }

    async fn run(
        &self,
        params: GetTitleParams,
        progress: &Progress,
    ) -> Result<GetTitleOutput, ActionError> {
        let wait = Duration::from_millis(params.wait_ms.get().into());
        let page = self.browser.title(params.url.into_url(), wait, progress).await?;
        Ok(GetTitleOutput {
            title: page.value,
            url: page.url,
            status: page.status,
            incomplete: page.incomplete,
        })
    }
}
