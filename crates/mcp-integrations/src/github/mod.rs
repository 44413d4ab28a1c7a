//! GitHub's REST API, <https://docs.github.com/en/rest>.
#![expect(dead_code, reason = "no request is sent yet, so no parameter is read")]

mod answers;
mod get_repository;
mod list_issues;
mod list_pulls;
mod names;
mod query;
mod search_issues;
mod search_repositories;

pub use answers::{Found, Listed};
pub use get_repository::GetRepository;
pub use list_issues::ListIssues;
pub use list_pulls::ListPulls;
pub use names::{Owner, RepoName};
pub use search_issues::SearchIssues;
pub use search_repositories::SearchRepositories;

use mcp_core::{ActionError, ErrorCode};

fn not_served() -> ActionError {
    ActionError::new(ErrorCode::Unavailable, "GitHub is not asked by this build yet")
}
