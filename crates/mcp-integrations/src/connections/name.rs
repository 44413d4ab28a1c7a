//! Names of the actions that connected tools become.

use sha2::{Digest, Sha256};

/// The maximum length of an action's name, which clients of the Model Context Protocol accept.
const MAX_LENGTH: usize = mcp_core::action::NAME_LIMIT;
/// The length of `_` and 8 hexadecimal digits.
const SUFFIX_LENGTH: usize = 9;

/// Returns the name of a tool's action: its [`full_name`] if that has at most 64 characters and is
/// not taken. Otherwise it is shortened to end in `_` and 8 hexadecimal digits of the SHA-256 of
/// prefix and tool.
///
/// The result depends on nothing but the arguments. For names that do not depend on the order of the
/// tools, `is_taken` must return `true` for a full name that two of the tools have: then both get a
/// hash.
///
/// If the first 8 digits are taken too, the next 8 are used, and so on; if all 64 are taken, the
/// result is a taken name.
pub(crate) fn action_name(prefix: &str, tool: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let name = full_name(prefix, tool);
    if name.len() <= MAX_LENGTH && !is_taken(&name) {
        return name;
    }
    let start = &name[..name.len().min(MAX_LENGTH - SUFFIX_LENGTH)];
    // NUL separates the two, so that `a` and `bc` differ from `ab` and `c`.
    let digest = Sha256::new().chain_update(prefix).chain_update([0]).chain_update(tool).finalize();
    let digits = format!("{digest:x}");
    let mut shortened =
        (0..digits.len()).step_by(8).map(|from| format!("{start}_{}", &digits[from..from + 8]));
    let first = shortened.next().expect("a digest has 64 digits");
    if is_taken(&first) { shortened.find(|name| !is_taken(name)).unwrap_or(first) } else { first }
}

/// Returns `prefix__tool` of any length, with `_` for every character outside `[A-Za-z0-9_-]`.
pub(crate) fn full_name(prefix: &str, tool: &str) -> String {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let letters = prefix.chars().chain("__".chars()).chain(tool.chars());
    letters.map(|c| if is_allowed(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_that_fits_and_is_free_is_only_rewritten() {
        for (prefix, tool, name) in [
            ("files", "read_file", "files__read_file"),
            ("GitHub-2", "issues/list", "GitHub-2__issues_list"),
            ("my files", "a.b:c d", "my_files__a_b_c_d"),
            ("café", "漢字\0", "caf______"),
            ("", "", "__"),
            ("p", "../../etc", "p________etc"),
        ] {
            assert_eq!(action_name(prefix, tool, |_| false), name, "{prefix:?} {tool:?}");
        }
        let longest = "t".repeat(MAX_LENGTH - 3);
        assert_eq!(action_name("p", &longest, |_| false), format!("p__{longest}"));
    }

    #[test]
    fn a_name_that_is_long_or_taken_ends_in_its_hash() {
        // printf 'p\0TOOL' | sha256sum
        let long = "t".repeat(MAX_LENGTH - 2);
        let wanted = format!("p__{}_bdeb5eb4", "t".repeat(52));
        assert_eq!(action_name("p", &long, |_| false), wanted);
        assert_eq!(action_name("p", "a/b", |name| name == "p__a_b"), "p__a_b_d9d8edc5");
        let taken = ["p__a_b", "p__a_b_d9d8edc5"];
        let next = action_name("p", "a/b", |name| taken.contains(&name));
        assert!(next.starts_with("p__a_b_") && !taken.contains(&next.as_str()), "{next}");
        assert_eq!(action_name("p", "a/b", |_| true), "p__a_b_d9d8edc5", "it ends");
    }

    #[test]
    fn prefix_and_tool_are_told_apart() {
        assert_eq!(full_name("a", "_b"), full_name("a_", "b"));
        let taken = |prefix, tool| action_name(prefix, tool, |name| name == "a___b");
        assert_ne!(taken("a", "_b"), taken("a_", "b"));
    }

    proptest! {
        #[test]
        fn every_tool_has_a_name_of_its_own_in_any_order(
            prefix in "[a-c./é]{0,3}|[a-z]{50,70}",
            tools in prop::collection::hash_set("[ab_./ü]{0,3}|[a-z]{59,70}|.*", 1..20),
        ) {
            let mut counts = HashMap::<String, usize>::new();
            for tool in &tools {
                *counts.entry(full_name(&prefix, tool)).or_default() += 1;
            }
            let named = |tool: &str| action_name(&prefix, tool, |name| {
                counts.get(name).is_some_and(|count| *count > 1)
            });
            let names: HashSet<String> = tools.iter().map(|tool| named(tool)).collect();
            prop_assert_eq!(names.len(), tools.len());
            for name in names {
                prop_assert!((2..=MAX_LENGTH).contains(&name.len()), "{}", name);
                prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)));
            }
        }
    }
}
