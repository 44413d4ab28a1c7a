//! The tools that an MCP client sees.

use std::collections::BTreeSet;
use std::fmt;

/// The value of `MCP_TOOLS`, `--tools` and `?tools=`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ToolSet {
    /// The tools `query` and `change`, which call every action.
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

    /// Parses `lean`, `all` or names of groups separated by commas.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_plain = |letter: char| letter.is_ascii_lowercase() || "_-".contains(letter);
        let is_group = |name: &String| {
            !matches!(name.as_str(), "" | "lean" | "all") && name.chars().all(is_plain)
        };
        match text.trim() {
            "lean" => Some(Self::Lean),
            "all" => Some(Self::All),
            names => {
                let groups: BTreeSet<_> = names.split(',').map(|it| it.trim().to_owned()).collect();
                groups.iter().all(is_group).then_some(Self::Groups(groups))
            }
        }
    }
}

impl fmt::Display for ToolSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lean => formatter.write_str("lean"),
            Self::All => formatter.write_str("all"),
            Self::Groups(groups) => formatter
                .write_str(&groups.iter().map(String::as_str).collect::<Vec<_>>().join(",")),
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
            let set = ToolSet::parse(text).map(|set| set.to_string());
            assert_eq!(set.as_deref(), Some(wanted), "{text}");
        }
        for text in ["", ",", "users,", "lean,users", "ALL", "a b"] {
            assert_eq!(ToolSet::parse(text), None, "{text}");
        }
    }
}
