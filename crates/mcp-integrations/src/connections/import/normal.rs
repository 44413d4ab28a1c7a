//! Writes a client's connection as this project reads it, wherever the file is.

use std::path::Path;

use serde_json::{Map, Value};

use super::FoundConnection;
use crate::connections::file::members;
use crate::connections::file::variables::variable_name;

/// The members in the order in which they are written.
const ORDER: [&str; 19] = [
    "command",
    "args",
    "env",
    "cwd",
    "url",
    "openapi",
    "baseUrl",
    "headers",
    "query",
    "tools",
    "disabledTools",
    "readOnly",
    "timeout",
    "idleTimeout",
    "concurrency",
    "description",
    "onChange",
    "disabled",
    "prefix",
];

/// Returns the members of a connection with this project's names, absolute paths and this project's form
/// of variables. `notes` gets what is not taken over.
///
/// # Errors
/// Returns the reason if the connection is not an object or has a member twice.
pub(super) fn members(
    connection: &FoundConnection,
    notes: &mut Vec<String>,
) -> Result<Map<String, Value>, String> {
    let Value::Object(given) = &connection.members else {
        return Err("is not an object".to_owned());
    };
    let mut sorted = members::sort(given.clone(), notes)?;
    if sorted.remove("enabled") == Some(Value::Bool(false)) {
        sorted.insert("disabled", Value::Bool(true));
    }
    if sorted.get("disabled") == Some(&Value::Bool(false)) {
        sorted.remove("disabled");
    }
    let kind = sorted.remove("type");
    if kind.as_ref().and_then(Value::as_str) == Some("sse") {
        notes.push("type sse is read as http: the server must speak streamable HTTP".to_owned());
    }
    for value in sorted.values_mut() {
        rewrite(value, &connection.folder);
    }
    absolute(&mut sorted, &connection.folder);
    let is_empty = |value: &Value| {
        value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
    };
    let ordered = ORDER.into_iter().filter_map(|name| Some((name, sorted.remove(name)?)));
    let present = ordered.filter(|(_, value)| !is_empty(value));
    Ok(present.map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Writes the variables of every text as this project does.
fn rewrite(value: &mut Value, folder: &Path) {
    match value {
        Value::String(text) => *text = with_our_variables(text, folder),
        Value::Array(items) => items.iter_mut().for_each(|item| rewrite(item, folder)),
        Value::Object(members) => members.values_mut().for_each(|member| rewrite(member, folder)),
        _ => {}
    }
}

fn with_our_variables(text: &str, folder: &Path) -> String {
    let (mut written, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        written.push_str(before);
        let Some((reference, after)) = after.split_once('}') else {
            // Without an end it is a plain text.
            written.push_str("$${");
            rest = after;
            continue;
        };
        match reference.split_once(':') {
            None if reference == "workspaceFolder" => written.push_str(&folder.to_string_lossy()),
            None if reference == "userHome" => written.push_str("${HOME}"),
            Some(("env", name)) => written.extend(["${", name, "}"]),
            Some(("input", name)) => written.extend(["${", &variable_name(name), "}"]),
            _ => written.extend(["${", reference, "}"]),
        }
        rest = after;
    }
    written.push_str(rest);
    written
}

/// Makes relative paths absolute: that of the program, the folder, the document, and arguments that are
/// paths of existing files or start with `./` or `../`.
fn absolute(members: &mut members::Members, folder: &Path) {
    let join = |base: &Path, text: &str| {
        let path: std::path::PathBuf = base.join(text).components().collect();
        path.to_string_lossy().into_owned()
    };
    let mut base = folder.to_owned();
    for (name, value) in members.iter_mut() {
        let Value::String(text) = value else { continue };
        if matches!(*name, "command" | "cwd" | "openapi") && text.starts_with("~/") {
            text.replace_range(..1, "${HOME}");
        }
        // A variable may be an absolute path.
        let is_relative = !text.starts_with(['/', '$']);
        let is_path = match *name {
            "command" => text.contains('/'),
            "cwd" => true,
            "openapi" => !text.contains("://"),
            _ => false,
        };
        if is_relative && is_path {
            *text = join(folder, text);
        }
        if *name == "cwd" {
            base.clone_from(&text.as_str().into());
        }
    }
    let Some(Value::Array(args)) = members.get_mut("args") else { return };
    for arg in args {
        let Value::String(text) = arg else { continue };
        let starts_here = text.starts_with("./") || text.starts_with("../");
        let may_be_path = text.contains(['/', '.']) && !text.starts_with(['/', '-', '@', '$', '~']);
        if starts_here || text == "." || (may_be_path && base.join(&*text).exists()) {
            *text = join(&base, text);
        }
    }
}
