//! GitHub's REST API, <https://docs.github.com/en/rest>.

mod answers;
mod client;
mod get_repository;
mod list_issues;
mod list_pulls;
mod names;
mod query;
mod search_issues;
mod search_repositories;
mod views;

pub use answers::{Found, Listed};
pub use client::Github;
pub use get_repository::GetRepository;
pub use list_issues::ListIssues;
pub use list_pulls::ListPulls;
pub use search_issues::SearchIssues;
pub use search_repositories::SearchRepositories;

const GROUP: mcp_core::Group = mcp_core::Group::new("github", "repo repository project");
