//! `github_list_pulls`

use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::Deserialize;

use super::names::{Owner, RepoName};
use super::query::{List, PageNumber, PerPage, State};
use super::{Github, Listed, views};

/// Lists a repository's pull requests:
/// <https://docs.github.com/en/rest/pulls/pulls#list-pull-requests>.
pub struct ListPulls {
    github: Github,
}

impl ListPulls {
    /// The action over this GitHub.
    #[must_use]
    pub fn new(github: Github) -> Self {
        Self { github }
    }
}

/// The parameters of `github_list_pulls`.
#[derive(Deserialize, JsonSchema)]
pub struct ListPullsParams {
    /// The user or organization that the repository belongs to.
    #[schemars(required)]
    owner: Option<Owner>,
    /// The repository's name or its address.
    #[schemars(required)]
    repo: Option<RepoName>,
    /// Whether the pull request is still open.
    #[serde(default)]
    state: State,
    /// How many pull requests a page holds.
    #[serde(default)]
    per_page: PerPage,
    /// Which page; the first is 1.
    #[serde(default)]
    page: PageNumber,
}

impl RemoteAction for ListPulls {
    const NAME: &'static str = "github_list_pulls";
    type Params = ListPullsParams;
    type Output = Listed;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"owner":"octocat","repo":"Hello-World","state":"open","per_page":1}"#,
            answer: r#"{"items":[{"url":"https://api.github.com/repos/octocat/Hello-World/pulls/1347","id":1,"html_url":"https://github.com/octocat/Hello-World/pull/1347","number":1347,"state":"open","title":"Amazing new feature","body":"Please pull these awesome changes in!","user":{"login":"octocat","id":1},"head":{"label":"octocat:new-topic","ref":"new-topic"},"base":{"label":"octocat:master","ref":"master"},"draft":false,"created_at":"2011-01-26T19:01:12Z"}]}"#,
        };
        Doc::new(super::GROUP, "List the pull requests of a GitHub repository", example)
            .required("owner and repo are required")
            .words(&[
                "prs pr pulls merge reviews reviewer patches contributions proposed changes",
                "code branches open opened closed merged unmerged waiting pending ready draft",
                "recent repo project which",
            ])
            .view(views::PULLS)
    }

    async fn run(
        &self,
        params: ListPullsParams,
        progress: &Progress,
    ) -> Result<Listed, ActionError> {
        let ListPullsParams { owner, repo, state, per_page, page } = params;
        let repository = self.github.repository(owner, repo)?;
        let path = [&repository.path()[..], &["pulls"]].concat();
        let (items, goes_on) =
            self.github.page(&path, &List { state, per_page, page }, progress).await?;
        Ok(Listed { items, goes_on })
    }

    fn goes_on(&self, listed: &Listed) -> bool {
        listed.goes_on
    }
}
