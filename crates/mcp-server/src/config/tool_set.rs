//! The tools that an MCP client sees.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// The value of `MCP_TOOLS`, `--tools` and `?tools=`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ToolSet {
    /// The tool `query`, which calls every action.
    #[default]
    Lean,
    /// A tool for each action.
    All,
    /// A tool for each action of these groups. The registry says which groups exist.
    Groups(BTreeSet<String>),
}

impl ToolSet {
    pub(super) const EXPECTED: &str =
        "lean, all, or groups of actions separated by commas, such as users,tasks";

    /// Returns whether the actions of a group are tools.
    #[must_use]
    pub fn contains(&self, group: &str) -> bool {
        match self {
            Self::Lean => false,
            Self::All => true,
            Self::Groups(groups) => groups.contains(group),
        }
    }

    pub(super) fn parse(entries: &[&str]) -> Option<Self> {
        entries.join(",").parse().ok()
    }
}

/// The text is not a set of tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", ToolSet::EXPECTED)]
pub struct InvalidToolSet;

impl FromStr for ToolSet {
    type Err = InvalidToolSet;

    fn from_str(text: &str) -> Result<Self, InvalidToolSet> {
        let is_group = |name: &str| {
            let is_plain = |letter: char| letter.is_ascii_lowercase() || "_-".contains(letter);
            !name.is_empty() && name.chars().all(is_plain) && !["lean", "all"].contains(&name)
        };
        match text.trim() {
            "lean" => Ok(Self::Lean),
            "all" => Ok(Self::All),
            groups => {
                let groups: BTreeSet<_> =
                    groups.split(',').map(|it| it.trim().to_owned()).collect();
                let fits = groups.iter().all(|name| is_group(name));
                fits.then_some(Self::Groups(groups)).ok_or(InvalidToolSet)
            }
        }
    }
}

impl fmt::Display for ToolSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lean => formatter.write_str("lean"),
            Self::All => formatter.write_str("all"),
            Self::Groups(groups) => {
                let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
                formatter.write_str(&groups.join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_read_and_written_in_one_form() {
        for (text, wanted) in [
            ("lean", "lean"),
            (" all ", "all"),
            ("tasks", "tasks"),
            ("github, users,tasks,users", "github,tasks,users"),
        ] {
            let set = text.parse::<ToolSet>().map(|set| set.to_string());
            assert_eq!(set.as_deref(), Ok(wanted), "{text}");
        }
        for text in ["", ",", "users,", "lean,users", "ALL", "a b"] {
            assert_eq!(text.parse::<ToolSet>(), Err(InvalidToolSet), "{text}");
        }
    }
}
