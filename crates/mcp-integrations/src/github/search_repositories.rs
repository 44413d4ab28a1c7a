//! `github_search_repositories`

use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pages::{SearchPage, SearchParams, Sort};
use super::{Github, views};

/// Finds repositories:
/// <https://docs.github.com/en/rest/search/search#search-repositories>.
pub(super) struct SearchRepositories(pub(super) Github);

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RepositorySort {
    Stars,
    Forks,
    HelpWantedIssues,
    Updated,
}

impl Sort for RepositorySort {
    const QUERY: &str =
        "Search terms in GitHub's syntax, such as `tetris language:rust stars:>100`.";
}

impl RemoteAction for SearchRepositories {
    const NAME: &'static str = "github_search_repositories";
    type Params = SearchParams<RepositorySort>;
    type Output = SearchPage;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"query":"tetris language:assembly","sort":"stars","order":"desc","per_page":1}"#,
            answer: r#"{"total":40,"incomplete_results":false,"items":[{"id":3081286,"name":"Tetris","full_name":"dtrupenn/Tetris","owner":{"login":"dtrupenn","id":872147},"private":false,"html_url":"https://github.com/dtrupenn/Tetris","description":"A C implementation of Tetris using Pennsim through LC4","fork":false,"stargazers_count":1,"language":"Assembly"}]}"#,
        };
        Doc::new(super::GROUP, "Search GitHub's repositories", example)
            .words(&[
                "look discover explore libraries packages frameworks tools crates code",
                "open-source which language sorted popular starred most stars trending topic",
                "is-there are-there existing written implement alternative about projects repos",
            ])
            .view(views::REPOSITORIES)
    }

    async fn run(
        &self,
        params: SearchParams<RepositorySort>,
        progress: &Progress,
    ) -> Result<SearchPage, ActionError> {
        self.0.search("repositories", params, progress).await
    }

    fn has_more(&self, page: &SearchPage) -> bool {
        page.has_more
    }
}
