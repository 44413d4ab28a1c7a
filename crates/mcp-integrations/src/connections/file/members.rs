//! The members of a connection: those that are read, and those that other programs write.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The members that are read, with the names that other programs give them.
const READ: [(&str, &[&str]); 21] = [
    ("type", &["transport"]),
    ("command", &[]),
    ("args", &[]),
    ("env", &[]),
    ("cwd", &[]),
    ("url", &["serverUrl", "httpUrl"]),
    ("headers", &[]),
    ("query", &[]),
    ("openapi", &["openApi"]),
    ("baseUrl", &["baseURL"]),
    ("tools", &[]),
    ("disabledTools", &[]),
    ("readOnly", &["readonly"]),
    ("timeout", &[]),
    ("idleTimeout", &[]),
    ("concurrency", &[]),
    ("description", &[]),
    ("onChange", &[]),
    ("disabled", &[]),
    ("enabled", &[]),
    ("prefix", &[]),
];

const APPROVAL: &str =
    "limit tools with tools.allow and readOnly, and approve query or change in the client";
const LOGIN: &str = "use headers, or mcp-server connections login";

/// The members of other programs that are not read and matter, with what to do instead.
const NOT_READ: [(&str, &str); 11] = [
    ("alwaysAllow", APPROVAL),
    ("autoApprove", APPROVAL),
    ("trust", APPROVAL),
    ("envFile", "set the variables in env, or for this server"),
    ("oauth", LOGIN),
    ("auth", LOGIN),
    ("headersHelper", LOGIN),
    ("sandbox", "the process is not confined"),
    ("sandboxEnabled", "the process is not confined"),
    ("includeTools", "use tools.allow"),
    ("excludeTools", "use tools.deny"),
];

/// The members of other programs that change nothing here.
const WITHOUT_EFFECT: [&str; 6] = ["gallery", "version", "dev", "icon", "note", "$schema"];

/// The maximum number of warnings about one connection.
pub(super) const MAX_WARNINGS: usize = 20;

/// The similarity, from 0 to 1, of a misspelt name.
const ALIKE: f64 = 0.6;

/// The members of a connection that are read, by their names in this project.
pub(crate) type Members = BTreeMap<&'static str, Value>;

/// Sorts the members of a connection: those that are read, and a warning for each of the others that
/// matters. `null` counts as absent.
///
/// # Errors
/// Returns the reason if a member occurs under two names.
pub(crate) fn sort(
    members: Map<String, Value>,
    warnings: &mut Vec<String>,
) -> Result<Members, String> {
    let (mut read, mut result) = (Members::new(), Ok(()));
    for (given, value) in members {
        if value.is_null() {
            continue;
        }
        let Some(name) = canonical(&given) else {
            if warnings.len() < MAX_WARNINGS {
                warnings.extend(warning(&given));
            }
            continue;
        };
        if read.insert(name, value).is_some() {
            result = Err(format!("{name} occurs twice, once as {given}: keep one of them"));
        }
    }
    result.map(|()| read)
}

/// Returns the name in this project of a member that is read.
pub(crate) fn canonical(given: &str) -> Option<&'static str> {
    let given = camel_case(given);
    let found = READ.iter().find(|(name, others)| *name == given || others.contains(&&*given));
    found.map(|(name, _)| *name)
}

/// Returns the names of the members that are read.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    READ.iter().map(|(name, _)| *name)
}

fn warning(given: &str) -> Option<String> {
    let camel = camel_case(given);
    if WITHOUT_EFFECT.contains(&&*camel) {
        return None;
    }
    if let Some((name, instead)) = NOT_READ.iter().find(|(name, _)| *name == camel) {
        return Some(format!("{name} is not read: {instead}"));
    }
    let names = READ.iter().map(|(name, _)| *name);
    Some(match nearest(&camel, names) {
        Some(name) => format!("unknown member {}: did you mean {name}?", quoted(given)),
        None => format!("unknown member {}: it is not read", quoted(given)),
    })
}

/// Returns the known name that a misspelt one is like.
pub(super) fn nearest(
    given: &str,
    known: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    // Comparing a long name would take long.
    let given: String = given.chars().take(64).collect::<String>().to_lowercase();
    known
        .map(|name| (name, strsim::normalized_damerau_levenshtein(&given, &name.to_lowercase())))
        .filter(|(_, likeness)| *likeness >= ALIKE)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(name, _)| name)
}

/// Returns a name in quotation marks: escaped, and cut at 64 characters.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", shown(name))
}

/// Returns a name, escaped and cut at 64 characters, so that a message stays one short line.
pub(super) fn shown(name: &str) -> String {
    let cut: String = name.chars().take(64).collect();
    let more = if cut.len() < name.len() { "…" } else { "" };
    format!("{}{more}", cut.escape_debug())
}

fn camel_case(name: &str) -> String {
    let mut after_underscore = false;
    let mut camel = String::with_capacity(name.len());
    for letter in name.chars() {
        if letter == '_' && !camel.is_empty() {
            after_underscore = true;
        } else if std::mem::take(&mut after_underscore) {
            camel.extend(letter.to_uppercase());
        } else {
            camel.push(letter);
        }
    }
    camel
}
