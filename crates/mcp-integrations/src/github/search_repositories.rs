//! `github_search_repositories`

use mcp_core::action::params::Text;
use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::query::{Order, PageNumber, PerPage, Search};
use super::{Found, Github, views};

/// Finds repositories:
/// <https://docs.github.com/en/rest/search/search#search-repositories>.
pub struct SearchRepositories {
    github: Github,
}

impl SearchRepositories {
    /// The action over this GitHub.
    #[must_use]
    pub fn new(github: Github) -> Self {
        Self { github }
    }
}

/// The parameters of `github_search_repositories`.
#[derive(Deserialize, JsonSchema)]
pub struct SearchRepositoriesParams {
    /// What to look for, in GitHub's search syntax: `tetris language:rust stars:>100`.
    query: Text,
    /// What the results are ordered by. Left out: the best match first.
    #[serde(default)]
    sort: Option<Sort>,
    /// Whether the highest or the lowest comes first; only used together with sort. Left out: the
    /// highest.
    #[serde(default)]
    order: Option<Order>,
    /// How many results a page holds.
    #[serde(default)]
    per_page: PerPage,
    /// Which page; the first is 1.
    #[serde(default)]
    page: PageNumber,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Sort {
    Stars,
    Forks,
    HelpWantedIssues,
    Updated,
}

impl RemoteAction for SearchRepositories {
    const NAME: &'static str = "github_search_repositories";
    type Params = SearchRepositoriesParams;
    type Output = Found;

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
        params: SearchRepositoriesParams,
        progress: &Progress,
    ) -> Result<Found, ActionError> {
        let SearchRepositoriesParams { query, sort, order, per_page, page } = params;
        let q = &self.github.in_search(&query.0);
        let search = Search { q, sort, order, per_page, page };
        let (found, goes_on) =
            self.github.page(&["search", "repositories"], &search, progress).await?;
        Ok(Found { goes_on, ..found })
    }

    fn goes_on(&self, found: &Found) -> bool {
        found.goes_on
    }
}
