//! `playwright_get_title`

use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Browser, PageInfo, WaitMs, WebUrl, wait};

/// Opens a page and returns its title.
pub(super) struct GetTitle(pub(super) Browser);

#[derive(Deserialize, JsonSchema)]
pub(super) struct GetTitleParams {
    /// The page's URL: http:// or https://.
    url: WebUrl,
    /// Milliseconds to wait after the page has loaded, within the call's 30 seconds.
    #[serde(default)]
    wait_ms: WaitMs,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct GetTitleOutput {
    /// The title; empty if the page has none.
    title: String,
    #[serde(flatten)]
    page: PageInfo,
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
        let (url, wait) = (params.url.into_url(), wait(params.wait_ms));
        let page = self.0.title(url, wait, progress).await?;
        Ok(GetTitleOutput { title: page.value, page: page.info })
    }
}
