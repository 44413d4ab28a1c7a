//! The names of connected actions.

use mcp_core::action::NAME_LIMIT;
use sha2::{Digest, Sha256};

/// The bytes of the hash at the end of a shortened name, `_` included.
const HASH: usize = 9;

/// Returns `prefix__tool` with `_` for every character that is not in `[A-Za-z0-9_-]`. A name that is too
/// long or taken is shortened and ends in a hash of both original names.
pub(crate) fn action_name(prefix: &str, tool: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let name = format!("{}__{}", of_plain(prefix), of_plain(tool));
    if name.len() <= NAME_LIMIT && !is_taken(&name) {
        return name;
    }
    let digest = Sha256::digest(format!("{prefix}\u{0}{tool}"));
    let hash: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    // The name is ASCII.
    format!("{}_{hash}", &name[..name.len().min(NAME_LIMIT - HASH)])
}

fn of_plain(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_short_and_different() {
        assert_eq!(action_name("files", "read_file", |_| false), "files__read_file");
        assert_eq!(
            action_name("github", "issues/list-for-repo", |_| false),
            "github__issues_list-for-repo"
        );
        assert_eq!(action_name("ü", "読む", |_| false), "___".to_owned() + "__");
        let taken = action_name("a", "x.y", |name| name == "a__x_y");
        assert!(taken.starts_with("a__x_y_") && taken.len() == 15, "{taken}");
        let (one, two) = ("t".repeat(80) + "1", "t".repeat(80) + "2");
        let names = [&one, &two].map(|tool| action_name("long", tool, |_| false));
        assert!(names.iter().all(|name| name.len() == 64) && names[0] != names[1], "{names:?}");
    }
}
