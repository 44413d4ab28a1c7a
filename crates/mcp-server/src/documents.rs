//! The documents that `scripts/generate-docs` writes. They are checked in; a test fails if one is
//! stale.

mod actions;
mod settings;

use std::path::Path;

use mcp_core::Registry;

use crate::openapi;

/// A generated file.
pub struct Document {
    /// The path in the repository.
    pub path: &'static str,
    /// The whole text.
    pub text: String,
}

/// The lines of README.md around the table of settings.
const MARKS: (&str, &str) = ("<!-- settings: generated -->", "<!-- /settings -->");

/// Returns every generated document of the repository at `root`.
///
/// # Errors
/// Returns an error if README.md cannot be read or lacks the marks of the table.
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
