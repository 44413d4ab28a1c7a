//! Checks sets of tools against the registry's groups.

use mcp_core::Registry;

pub use crate::config::ToolSet;

/// Returns the set that a text names.
///
/// # Errors
/// Returns the accepted sets if the text is not one of them.
pub(crate) fn parse(text: &str, registry: &Registry) -> Result<ToolSet, String> {
    let set = ToolSet::parse(text).ok_or_else(|| expected(registry))?;
    check(&set, registry)?;
    Ok(set)
}

/// Checks that the registry has an action of each group.
///
/// # Errors
/// Returns the accepted sets if the registry has no action of a group.
pub(crate) fn check(set: &ToolSet, registry: &Registry) -> Result<(), String> {
    let ToolSet::Groups(groups) = set else { return Ok(()) };
    let known = names(registry);
    let is_known = |group: &String| known.contains(&group.as_str());
    if groups.iter().all(is_known) { Ok(()) } else { Err(expected(registry)) }
}

/// Describes the accepted sets, in words that follow "expected".
fn expected(registry: &Registry) -> String {
    format!("lean, all, or groups separated by commas: {}", names(registry).join(", "))
}

fn names(registry: &Registry) -> Vec<&str> {
    let mut names: Vec<_> = super::tools::ordered(registry).map(|it| it.doc.group.name()).collect();
    names.dedup();
    names
}
