//! GitHub's REST API, <https://docs.github.com/en/rest>.

mod client;
mod get_repository;
mod list_issues;
mod list_pulls;
mod names;
mod pages;
mod search_issues;
mod search_repositories;
mod views;

use mcp_core::RegistryBuilder;

pub(crate) use client::Github;
use get_repository::GetRepository;
use list_issues::ListIssues;
use list_pulls::ListPulls;
use search_issues::SearchIssues;
use search_repositories::SearchRepositories;

const GROUP: mcp_core::Group = mcp_core::Group::new("github", "repo repository project");

/// Registers every action of GitHub.
pub(crate) fn register(github: &Github, registry: RegistryBuilder) -> RegistryBuilder {
    registry
        .remote(SearchRepositories(github.clone()))
        .remote(SearchIssues(github.clone()))
        .remote(GetRepository(github.clone()))
        .remote(ListIssues(github.clone()))
        .remote(ListPulls(github.clone()))
}
