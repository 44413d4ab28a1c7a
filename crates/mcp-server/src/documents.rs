//! The documents that are generated from the code and checked in: a test fails when one is stale.
//!
//! `scripts/generate-docs` writes them.

mod actions;
mod settings;

use std::path::Path;

use mcp_core::Registry;

use crate::openapi;

/// A file that is generated, wholly or between two marks.
pub struct Document {
    /// Where it is, from the repository's top.
    pub path: &'static str,
    /// What it holds.
    pub text: String,
}

/// Between these lines of README.md is the table of settings.
const MARKS: (&str, &str) = ("<!-- settings: generated -->", "<!-- /settings -->");

/// Every generated document, for the repository at `root`.
///
/// # Errors
/// When README.md cannot be read or lacks its marks.
pub fn all(registry: &Registry, root: &Path) -> Result<Vec<Document>, Box<dyn std::error::Error>> {
    let openapi = serde_json::to_string_pretty(&openapi::document(registry))? + "\n";
    let readme = std::fs::read_to_string(root.join("README.md"))?;
    Ok(vec![
        Document { path: "docs/openapi.json", text: openapi },
        Document { path: "docs/ACTIONS.md", text: actions::markdown(registry) },
        Document { path: "README.md", text: with_settings(&readme)? },
        Document { path: "config/default.toml", text: settings::default_toml() },
    ])
}

fn with_settings(readme: &str) -> Result<String, Box<dyn std::error::Error>> {
    let missing = || format!("README.md has no {} and {}", MARKS.0, MARKS.1);
    let (before, rest) = readme.split_once(MARKS.0).ok_or_else(missing)?;
    let (_, after) = rest.split_once(MARKS.1).ok_or_else(missing)?;
    let table = settings::markdown_table()?;
    Ok(format!("{before}{}\n\n{}\n\n{}{after}", MARKS.0, table.trim(), MARKS.1))
}
