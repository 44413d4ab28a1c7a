//! `github_search_issues`

use mcp_core::action::params::Text;
use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::query::{Order, PageNumber, PerPage, Search};
use super::{Found, Github, views};

/// Finds issues and pull requests:
/// <https://docs.github.com/en/rest/search/search#search-issues-and-pull-requests>.
pub struct SearchIssues {
    github: Github,
}

impl SearchIssues {
    /// The action over this GitHub.
    #[must_use]
    pub fn new(github: Github) -> Self {
        Self { github }
    }
}

/// The parameters of `github_search_issues`.
#[derive(Deserialize, JsonSchema)]
pub struct SearchIssuesParams {
    /// What to look for, in GitHub's search syntax: `repo:rust-lang/rust is:issue label:bug`.
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
#[serde(rename_all = "lowercase")]
enum Sort {
    Comments,
    Reactions,
    #[serde(rename = "reactions-+1")]
    ReactionsPlusOne,
    #[serde(rename = "reactions--1")]
    ReactionsMinusOne,
    #[serde(rename = "reactions-smile")]
    ReactionsSmile,
    #[serde(rename = "reactions-thinking_face")]
    ReactionsThinkingFace,
    #[serde(rename = "reactions-heart")]
    ReactionsHeart,
    #[serde(rename = "reactions-tada")]
    ReactionsTada,
    Interactions,
    Created,
    Updated,
}

impl RemoteAction for SearchIssues {
    const NAME: &'static str = "github_search_issues";
    type Params = SearchIssuesParams;
    type Output = Found;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"query":"windows label:bug language:python state:open","sort":"created","order":"asc","per_page":1}"#,
            answer: r#"{"total":280,"incomplete_results":false,"items":[{"url":"https://api.github.com/repos/batterseapower/pinyin-toolkit/issues/132","html_url":"https://github.com/batterseapower/pinyin-toolkit/issues/132","id":35802,"number":132,"title":"Line Number Indexes Beyond 20 Not Displayed","user":{"login":"Nick3C","id":90254},"labels":[{"id":4,"name":"bug","color":"ff0000"}],"state":"open","comments":15,"created_at":"2009-07-12T20:10:41Z"}]}"#,
        };
        Doc::new(super::GROUP, "Search GitHub's issues and pull requests", example)
            .words(&[
                "bugs problem crash error message known discussion bug-reports pr prs",
                "similar mention mentions already about text keyword across any anyone",
                "anybody author label labelled everywhere",
            ])
            .view(views::FOUND_ISSUES)
    }

    async fn run(
        &self,
        params: SearchIssuesParams,
        progress: &Progress,
    ) -> Result<Found, ActionError> {
        let SearchIssuesParams { query, sort, order, per_page, page } = params;
        let q = &self.github.in_search(&query.0);
        let search = Search { q, sort, order, per_page, page };
        let (found, goes_on) = self.github.page(&["search", "issues"], &search, progress).await?;
        Ok(Found { goes_on, ..found })
    }

    fn goes_on(&self, found: &Found) -> bool {
        found.goes_on
    }
}
