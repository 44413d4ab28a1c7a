//! Reads the patterns that choose tools.

use serde_json::Value;

use super::members::{MAX_WARNINGS, Members, nearest, quoted};
use super::values::{as_texts, texts};
use crate::connections::pattern::Patterns;

/// The maximum number of patterns, and of characters in one.
const MAX_PATTERNS: usize = 1000;
const MAX_PATTERN: usize = 256;

/// Reads `tools`, and the lists that other programs write: `tools` as a list allows, `disabledTools`
/// denies.
pub(super) fn read(members: &mut Members, warnings: &mut Vec<String>) -> Result<Patterns, String> {
    let (mut allow, mut deny) = (None, Vec::new());
    match members.remove("tools") {
        None => {}
        Some(list @ Value::Array(_)) => allow = Some(as_texts("tools", list)?),
        Some(Value::Object(map)) => {
            for (name, list) in map.into_iter().filter(|(_, list)| !list.is_null()) {
                match name.as_str() {
                    "allow" => allow = Some(as_texts("tools.allow", list)?),
                    "deny" => deny = as_texts("tools.deny", list)?,
                    _ if warnings.len() >= MAX_WARNINGS => {}
                    _ => warnings.push(match nearest(&name, ["allow", "deny"].into_iter()) {
                        Some(known) => {
                            format!(
                                "unknown member {} of tools: did you mean {known}?",
                                quoted(&name)
                            )
                        }
                        None => {
                            format!("unknown member {} of tools: use allow and deny", quoted(&name))
                        }
                    }),
                }
            }
        }
        Some(_) => {
            return Err("tools must be {\"allow\": [\"…\"], \"deny\": [\"…\"]}".to_owned());
        }
    }
    deny.extend(texts(members, "disabledTools")?.unwrap_or_default());
    let mut all = allow.iter().flatten().chain(&deny);
    let count = allow.as_ref().map_or(0, Vec::len) + deny.len();
    if count > MAX_PATTERNS || all.any(|pattern| pattern.chars().count() > MAX_PATTERN) {
        return Err(format!(
            "tools has more than {MAX_PATTERNS} patterns, or one of more than {MAX_PATTERN} characters"
        ));
    }
    if allow.as_ref().is_some_and(Vec::is_empty) {
        warnings.push("tools.allow is empty: no tool becomes an action".to_owned());
    }
    Ok(Patterns::new(allow, deny))
}
