//! What several of GitHub's endpoints take in their query string.

use mcp_core::action::params::Bounded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many a page holds: GitHub takes at most 100.
pub(super) type PerPage = Bounded<1, 100, 10>;

/// The number of a page, the first is 1. GitHub's own limits are far below the upper bound.
pub(super) type PageNumber = Bounded<1, 1_000_000, 1>;

/// Whether the highest or the lowest comes first.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Order {
    Asc,
    Desc,
}

/// Whether something is still open.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    #[default]
    Open,
    Closed,
    All,
}

/// The query string of a search.
#[derive(Serialize)]
pub(super) struct Search<'a, S> {
    pub(super) q: &'a str,
    pub(super) sort: Option<S>,
    pub(super) order: Option<Order>,
    pub(super) per_page: PerPage,
    pub(super) page: PageNumber,
}

/// The query string of a list.
#[derive(Serialize)]
pub(super) struct List {
    pub(super) state: State,
    pub(super) per_page: PerPage,
    pub(super) page: PageNumber,
}
