//! The columns of GitHub's lists. A number or name in them leads to the whole item.

use mcp_core::action::{Column, Incomplete, Pages, View};

/// How GitHub's lists are paged.
const PAGES: Pages =
    Pages::Numbered { page: "page", size: "per_page", usual: 10, most: 100, key: "id" };

/// Marks a search that GitHub did not complete.
const INCOMPLETE: Incomplete = Incomplete {
    at: "incomplete_results",
    reason: "GitHub's search ran out of time: matches may be missing",
};

/// Issues of one repository. Pull requests are among them, and have `pull_request`.
pub(super) const ISSUES: View = View::of(&[
    Column::of("number"),
    Column::of("title"),
    Column::of("state"),
    Column::at("user", "user.login"),
    Column::at("labels", "labels.name"),
    Column::day("updated_at"),
    Column::of("comments"),
    Column::there("pull_request"),
])
.rows("items", Some(PAGES))
.optional(ISSUE_FIELDS);

/// Issues of several repositories.
pub(super) const FOUND_ISSUES: View = View::of(&[
    Column::tail("repository_url"),
    Column::of("number"),
    Column::of("title"),
    Column::of("state"),
    Column::at("user", "user.login"),
    Column::at("labels", "labels.name"),
    Column::day("updated_at"),
    Column::of("comments"),
    Column::there("pull_request"),
])
.rows("items", Some(PAGES))
.incomplete(INCOMPLETE)
.optional(ISSUE_FIELDS);

pub(super) const PULLS: View = View::of(&[
    Column::of("number"),
    Column::of("title"),
    Column::of("state"),
    Column::flag("draft"),
    Column::at("user", "user.login"),
    Column::at("labels", "labels.name"),
    Column::at("head", "head.ref"),
    Column::at("base", "base.ref"),
    Column::day("updated_at"),
    Column::day("merged_at"),
])
.rows("items", Some(PAGES))
.optional(&["draft", "auto_merge", "body", "milestone", "active_lock_reason"]);

pub(super) const REPOSITORY: View = View::of(REPOSITORY_COLUMNS).optional(REPOSITORY_FIELDS);

pub(super) const REPOSITORIES: View = View::of(REPOSITORY_COLUMNS)
    .rows("items", Some(PAGES))
    .incomplete(INCOMPLETE)
    .optional(REPOSITORY_FIELDS);

const REPOSITORY_COLUMNS: &[Column] = &[
    Column::of("full_name"),
    Column::of("description"),
    Column::of("language"),
    Column::of("stargazers_count"),
    Column::of("forks_count"),
    Column::of("open_issues_count"),
    Column::of("default_branch"),
    Column::at("license", "license.spdx_id"),
    Column::day("pushed_at"),
    Column::flag("private"),
    Column::flag("fork"),
    Column::flag("archived"),
];

/// Fields that only some issues have: <https://docs.github.com/en/rest/issues/issues>.
const ISSUE_FIELDS: &[&str] = &[
    "active_lock_reason",
    "body",
    "body_html",
    "body_text",
    "closed_by",
    "draft",
    "issue_dependencies_summary",
    "milestone",
    "performed_via_github_app",
    "pull_request",
    "reactions",
    "repository",
    "score",
    "state_reason",
    "sub_issues_summary",
    "text_matches",
    "timeline_url",
    "type",
];

/// Fields that only some repositories have: <https://docs.github.com/en/rest/repos/repos>.
const REPOSITORY_FIELDS: &[&str] = &[
    "allow_forking",
    "code_of_conduct",
    "custom_properties",
    "license",
    "organization",
    "parent",
    "permissions",
    "score",
    "security_and_analysis",
    "source",
    "template_repository",
    "text_matches",
    "topics",
    "visibility",
    "web_commit_signoff_required",
];
