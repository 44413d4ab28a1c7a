//! `github_list_issues`

use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};

use super::names::REQUIRED;
use super::pages::{ListPage, ListParams};
use super::{Github, views};

/// Lists a repository's issues: <https://docs.github.com/en/rest/issues/issues#list-repository-issues>.
///
/// To GitHub every pull request is an issue too, which has the field `pull_request`.
pub(super) struct ListIssues(pub(super) Github);

impl RemoteAction for ListIssues {
    const NAME: &'static str = "github_list_issues";
    type Params = ListParams;
    type Output = ListPage;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"owner":"octocat","repo":"Hello-World","state":"open","per_page":1}"#,
            answer: r#"{"items":[{"id":1,"url":"https://api.github.com/repos/octocat/Hello-World/issues/1347","html_url":"https://github.com/octocat/Hello-World/issues/1347","number":1347,"state":"open","title":"Found a bug","body":"I'm having a problem with this.","user":{"login":"octocat","id":1},"labels":[{"id":208045946,"name":"bug","color":"f29513"}],"comments":0,"created_at":"2011-04-22T13:33:48Z"}]}"#,
        };
        Doc::new(super::GROUP, "List the issues of a GitHub repository", example)
            .required(REQUIRED)
            .words(&[
                "bugs bug-reports problems defects broken tracker feature open opened closed",
                "newest latest recent recently against repo project which",
            ])
            .view(views::ISSUES)
    }

    async fn run(&self, params: ListParams, progress: &Progress) -> Result<ListPage, ActionError> {
        self.0.list("issues", params, progress).await
    }

    fn has_more(&self, page: &ListPage) -> bool {
        page.has_more
    }
}
