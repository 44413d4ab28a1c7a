//! Which tools a client is shown: `lean`, `all`, or groups of actions by name.

use std::fmt;
use std::str::FromStr;

use mcp_core::Group;
use mcp_core::action::Action;

/// What `MCP_TOOLS`, `--tools` and `?tools=` say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ToolSet {
    /// One tool, `query`, behind which every action is.
    #[default]
    Lean,
    /// A tool for each action.
    All,
    /// A tool for each action of these groups.
    Groups(Vec<Group>),
}

impl ToolSet {
    /// Whether the action is a tool of its own.
    #[must_use]
    pub fn holds(&self, action: &Action) -> bool {
        match self {
            Self::Lean => false,
            Self::All => true,
            Self::Groups(groups) => groups.contains(&action.doc.group),
        }
    }

    /// What would be right, to follow the word "expected".
    #[must_use]
    pub fn expected() -> String {
        let groups: Vec<&str> = Group::ALL.iter().map(|group| group.name()).collect();
        format!("lean, all, or groups separated by commas: {}", groups.join(", "))
    }
}

/// A text that names no set of tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it names no set of tools")]
pub struct NoToolSet;

impl FromStr for ToolSet {
    type Err = NoToolSet;

    fn from_str(text: &str) -> Result<Self, NoToolSet> {
        match text.trim() {
            "lean" => Ok(Self::Lean),
            "all" => Ok(Self::All),
            names => {
                let mut groups = names
                    .split(',')
                    .map(|name| Group::named(name.trim()).ok_or(NoToolSet))
                    .collect::<Result<Vec<_>, _>>()?;
                groups.sort_unstable();
                groups.dedup();
                Ok(Self::Groups(groups))
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
                let names: Vec<&str> = groups.iter().map(|group| group.name()).collect();
                formatter.write_str(&names.join(","))
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
            ("github, users,tasks,users", "users,tasks,github"),
        ] {
            let set = text.parse::<ToolSet>().map(|set| set.to_string());
            assert_eq!(set.as_deref(), Ok(wanted), "{text}");
        }
        for text in ["", ",", "users,", "lean,users", "ALL", "user"] {
            assert_eq!(text.parse::<ToolSet>(), Err(NoToolSet), "{text}");
        }
    }
}
