//! `github_list_issues`

use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::Deserialize;

use super::names::{Owner, RepoName};
use super::query::{List, PageNumber, PerPage, State};
use super::{Github, Listed, views};

/// Lists a repository's issues: <https://docs.github.com/en/rest/issues/issues#list-repository-issues>.
///
/// To GitHub every pull request is an issue too: those have a member `pull_request`.
pub struct ListIssues {
    github: Github,
}

impl ListIssues {
    /// The action over this GitHub.
    #[must_use]
    pub fn new(github: Github) -> Self {
        Self { github }
    }
}

/// The parameters of `github_list_issues`.
#[derive(Deserialize, JsonSchema)]
pub struct ListIssuesParams {
    /// The user or organization that the repository belongs to.
    #[schemars(required)]
    owner: Option<Owner>,
    /// The repository's name or its address.
    #[schemars(required)]
    repo: Option<RepoName>,
    /// Whether the issue is still open.
    #[serde(default)]
    state: State,
    /// How many issues a page holds.
    #[serde(default)]
    per_page: PerPage,
    /// Which page; the first is 1.
    #[serde(default)]
    page: PageNumber,
}

impl RemoteAction for ListIssues {
    const NAME: &'static str = "github_list_issues";
    type Params = ListIssuesParams;
    type Output = Listed;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"owner":"octocat","repo":"Hello-World","state":"open","per_page":1}"#,
            answer: r#"{"items":[{"id":1,"url":"https://api.github.com/repos/octocat/Hello-World/issues/1347","html_url":"https://github.com/octocat/Hello-World/issues/1347","number":1347,"state":"open","title":"Found a bug","body":"I'm having a problem with this.","user":{"login":"octocat","id":1},"labels":[{"id":208045946,"name":"bug","color":"f29513"}],"comments":0,"created_at":"2011-04-22T13:33:48Z"}]}"#,
        };
        Doc::new(super::GROUP, "List the issues of a GitHub repository", example)
            .required("owner and repo are required")
            .words(&[
                "bugs bug-reports problems defects broken tracker feature open opened closed",
                "newest latest recent recently against repo project which",
            ])
            .view(views::ISSUES)
    }

    async fn run(
        &self,
        params: ListIssuesParams,
        progress: &Progress,
    ) -> Result<Listed, ActionError> {
        let ListIssuesParams { owner, repo, state, per_page, page } = params;
        let repository = self.github.repository(owner, repo)?;
        let path = [&repository.path()[..], &["issues"]].concat();
        let (items, goes_on) =
            self.github.page(&path, &List { state, per_page, page }, progress).await?;
        Ok(Listed { items, goes_on })
    }

    fn goes_on(&self, listed: &Listed) -> bool {
        listed.goes_on
    }
}
