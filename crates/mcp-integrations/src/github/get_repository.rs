//! `github_get_repository`

use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::Deserialize;

use super::names::{Owner, RepoName};
use super::{Github, views};
use crate::JsonObject;

/// Gets a repository: <https://docs.github.com/en/rest/repos/repos#get-a-repository>.
pub struct GetRepository {
    github: Github,
}

impl GetRepository {
    /// The action over this GitHub.
    #[must_use]
    pub fn new(github: Github) -> Self {
        Self { github }
    }
}

/// The parameters of `github_get_repository`.
#[derive(Deserialize, JsonSchema)]
pub struct GetRepositoryParams {
    /// The user or organization that it belongs to.
    #[schemars(required)]
    owner: Option<Owner>,
    /// Its name or its address.
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
            .required("owner and repo are required")
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
        let repository = self.github.repository(params.owner, params.repo)?;
        self.github.get(&repository.path(), &(), progress).await
    }
}
