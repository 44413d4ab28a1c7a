//! `playwright_get_title`

use mcp_core::{ActionError, Doc, Example, Group, Progress, RemoteAction};
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
}

/// What `playwright_get_title` answers.
#[derive(Serialize, JsonSchema)]
pub struct GetTitleOutput {
    /// The title; empty where the page has none.
    pub title: String,
    /// The address of the page after its redirects.
    pub url: String,
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
        Doc::new(Group::Pages, "Get the title of a web page", example)
            .words(&["heading headline caption name called named tab tag browser-tab say says"])
    }

    async fn run(
        &self,
        params: GetTitleParams,
        progress: &Progress,
    ) -> Result<GetTitleOutput, ActionError> {
        let (title, url) = self.browser.title(params.url.into_url(), progress).await?;
        Ok(GetTitleOutput { title, url })
    }
}
