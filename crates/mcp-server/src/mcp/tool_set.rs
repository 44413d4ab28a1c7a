//! Which tools a client is shown: `lean`, `all`, or groups of actions by name.

use std::fmt;
use std::str::FromStr;

use mcp_core::action::Action;

/// The groups of the server's actions that a client can choose.
const GROUPS: [&str; 8] =
    ["users", "tasks", "config", "utilities", "github", "figma", "pages", "custom"];

/// What `MCP_TOOLS`, `--tools` and `?tools=` say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ToolSet {
    /// One tool, `query`, behind which every action is.
    #[default]
    Lean,
    /// A tool for each action.
    All,
    /// A tool for each action of these groups.
    Groups(Vec<&'static str>),
}

impl ToolSet {
    /// Whether the action is a tool of its own.
    #[must_use]
    pub fn holds(&self, action: &Action) -> bool {
        match self {
            Self::Lean => false,
            Self::All => true,
            Self::Groups(groups) => groups.contains(&action.doc.group.name()),
        }
    }

    /// What would be right, to follow the word "expected".
    #[must_use]
    pub fn expected() -> String {
        format!("lean, all, or groups separated by commas: {}", GROUPS.join(", "))
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
                let names: Vec<&str> = names.split(',').map(str::trim).collect();
                if !names.iter().all(|name| GROUPS.contains(name)) {
                    return Err(NoToolSet);
                }
                let groups = GROUPS.into_iter().filter(|group| names.contains(group));
                Ok(Self::Groups(groups.collect()))
            }
        }
    }
}

impl fmt::Display for ToolSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lean => formatter.write_str("lean"),
            Self::All => formatter.write_str("all"),
            Self::Groups(groups) => formatter.write_str(&groups.join(",")),
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
