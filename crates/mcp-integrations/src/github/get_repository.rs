//! `github_get_repository`

use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::Deserialize;

use super::names::{Owner, REQUIRED, RepoName};
use super::{Github, views};
use crate::JsonObject;

/// Gets a repository: <https://docs.github.com/en/rest/repos/repos#get-a-repository>.
pub(super) struct GetRepository(pub(super) Github);

#[derive(Deserialize, JsonSchema)]
pub(super) struct GetRepositoryParams {
    /// The repository's owner: a user or an organization.
    #[schemars(required)]
    owner: Option<Owner>,
    /// The repository's name or address.
    #[schemars(required)]
    repo: Option<RepoName>,
}

impl RemoteAction for GetRepository {
    const NAME: &'static str = "github_get_repository";
    type Params = GetRepositoryParams;
    type Output = JsonObject;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"owner":"octocat","repo":"Hello-World"}"#,
            answer: r#"{"id":1296269,"name":"Hello-World","full_name":"octocat/Hello-World","owner":{"login":"octocat","id":1},"private":false,"html_url":"https://github.com/octocat/Hello-World","description":"This your first repo!","fork":false,"default_branch":"master","stargazers_count":80,"forks_count":9,"open_issues_count":0,"topics":["octocat","atom"],"visibility":"public"}"#,
        };
        Doc::new(super::GROUP, "Get a GitHub repository's details", example)
            .required(REQUIRED)
            .words(&[
                "project repo repository written info information about describe description",
                "metadata owner owns stats stars stargazers forks watchers license licence",
                "default-branch branch topics language homepage how-many number count popular",
                "visibility archived active size last updated programming",
            ])
            .view(views::REPOSITORY)
    }

    async fn run(
        &self,
        params: GetRepositoryParams,
        progress: &Progress,
    ) -> Result<JsonObject, ActionError> {
        self.0.repository(params.owner, params.repo, progress).await
    }
}
