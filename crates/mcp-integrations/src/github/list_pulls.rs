//! `github_list_pulls`

use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};

use super::names::REQUIRED;
use super::pages::{ListPage, ListParams};
use super::{Github, views};

/// Lists a repository's pull requests:
/// <https://docs.github.com/en/rest/pulls/pulls#list-pull-requests>.
pub(super) struct ListPulls(pub(super) Github);

impl RemoteAction for ListPulls {
    const NAME: &'static str = "github_list_pulls";
    type Params = ListParams;
    type Output = ListPage;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"owner":"octocat","repo":"Hello-World","state":"open","per_page":1}"#,
            answer: r#"{"items":[{"url":"https://api.github.com/repos/octocat/Hello-World/pulls/1347","id":1,"html_url":"https://github.com/octocat/Hello-World/pull/1347","number":1347,"state":"open","title":"Amazing new feature","body":"Please pull these awesome changes in!","user":{"login":"octocat","id":1},"head":{"label":"octocat:new-topic","ref":"new-topic"},"base":{"label":"octocat:master","ref":"master"},"draft":false,"created_at":"2011-01-26T19:01:12Z"}]}"#,
        };
        Doc::new(super::GROUP, "List the pull requests of a GitHub repository", example)
            .required(REQUIRED)
            .words(&[
                "prs pr pulls merge reviews reviewer patches contributions proposed changes",
                "code branches open opened closed merged unmerged waiting pending ready draft",
                "recent repo project which",
            ])
            .view(views::PULLS)
    }

    async fn run(&self, params: ListParams, progress: &Progress) -> Result<ListPage, ActionError> {
        self.0.list("pulls", params, progress).await
    }

    fn has_more(&self, page: &ListPage) -> bool {
        page.has_more
    }
}
