//! The parameters and the results of GitHub's searches and lists.

use mcp_core::action::params::{Bounded, Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{Owner, RepoName};
use crate::JsonObject;

/// The number of items per page. GitHub's limit is 100.
pub(super) type PerPage = Bounded<1, 100, 10>;

/// The number of a page. GitHub's own limits are far below 1,000,000.
pub(super) type PageNumber = Bounded<1, 1_000_000, 1>;

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Order {
    Asc,
    Desc,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum IssueState {
    #[default]
    Open,
    Closed,
    All,
}

/// The sort orders of a search.
pub(super) trait Sort: Serialize {
    /// The description of the search's `query`.
    const QUERY: &str;
}

/// The parameters of a search.
#[derive(Deserialize, JsonSchema)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
pub(super) struct SearchParams<S: Sort> {
    #[schemars(description = S::QUERY)]
    pub(super) query: Text,
    /// The sort order. Default: best match first.
    #[serde(default)]
    pub(super) sort: Option<S>,
    /// The direction of sort, which it requires. Default: desc.
    #[serde(default)]
    pub(super) order: Option<Order>,
    /// Results per page.
    #[serde(default)]
    pub(super) per_page: PerPage,
    /// The page, from 1.
    #[serde(default)]
    pub(super) page: PageNumber,
}

/// The parameters of a list of one repository.
#[derive(Deserialize, JsonSchema)]
pub(super) struct ListParams {
    /// The repository's owner: a user or an organization.
    #[schemars(required)]
    pub(super) owner: Option<Owner>,
    /// The repository's name or address.
    #[schemars(required)]
    pub(super) repo: Option<RepoName>,
    /// The state to list.
    #[serde(default)]
    pub(super) state: IssueState,
    /// Results per page.
    #[serde(default)]
    pub(super) per_page: PerPage,
    /// The page, from 1.
    #[serde(default)]
    pub(super) page: PageNumber,
}

/// A page of search results.
#[derive(Deserialize, Serialize, JsonSchema)]
pub(super) struct SearchPage {
    /// The number of matches on all pages (GitHub's `total_count`). GitHub returns the first 1000.
    #[serde(rename(deserialize = "total_count"))]
    total: u64,
    /// Whether GitHub's search timed out: matches may be missing.
    #[serde(default)]
    incomplete_results: bool,
    /// The results on this page, as GitHub wrote them.
    items: Vec<JsonObject>,
    #[serde(skip)]
    pub(super) has_more: bool,
}

/// A page of a list.
#[derive(Serialize, JsonSchema)]
pub(super) struct ListPage {
    /// The items on this page, as GitHub wrote them.
    pub(super) items: Vec<JsonObject>,
    #[serde(skip)]
    pub(super) has_more: bool,
}
