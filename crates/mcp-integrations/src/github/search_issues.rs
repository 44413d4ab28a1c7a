//! `github_search_issues`

use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pages::{SearchPage, SearchParams, Sort};
use super::{Github, views};

/// Finds issues and pull requests:
/// <https://docs.github.com/en/rest/search/search#search-issues-and-pull-requests>.
pub(super) struct SearchIssues(pub(super) Github);

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum IssueSort {
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

impl Sort for IssueSort {
    const QUERY: &str =
        "Search terms in GitHub's syntax, such as `repo:rust-lang/rust is:issue label:bug`.";
}

impl RemoteAction for SearchIssues {
    const NAME: &'static str = "github_search_issues";
    type Params = SearchParams<IssueSort>;
    type Output = SearchPage;

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
        params: SearchParams<IssueSort>,
        progress: &Progress,
    ) -> Result<SearchPage, ActionError> {
        self.0.search("issues", params, progress).await
    }

    fn has_more(&self, page: &SearchPage) -> bool {
        page.has_more
    }
}
