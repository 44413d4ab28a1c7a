//! Reads the connections file: JSON with comments, or TOML.
//!
//! `document` parses the text, `entry` reads one connection: `members` sorts what it has, `variables`
//! replaces `${VAR}`, `values` checks types and ranges, `system` finds out what is connected. A wrong
//! connection becomes an entry with the reason; the others are read.

mod additions;
pub(super) mod document;
mod entry;
mod hash;
pub(super) mod members;
mod system;
#[cfg(test)]
mod tests;
mod tools;
mod values;
pub(super) mod variables;

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::settings::Entry;
use document::Document;
use members::{quoted, shown};

/// The limit of a connections file, in bytes.
pub const MAX_BYTES: u64 = 1024 * 1024;

/// The maximum number of connections in a file.
pub const MAX_CONNECTIONS: usize = 1000;

/// The objects that hold connections: that of Claude Desktop and most clients, and that of VS Code.
const SECTIONS: [&str; 3] = ["mcpServers", "mcp_servers", "servers"];

/// A connections file that was read.
#[derive(Clone, Debug)]
pub struct ConnectionFile {
    /// The connections, in the order of the file.
    pub entries: Vec<Entry>,
    /// Members that were not read, in one line each, without values.
    pub warnings: Vec<String>,
}

/// The reason why no connection of a file can be used. It names the file and the place, in one line, and
/// does not quote the file, which may hold secrets.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message names each field")]
pub enum FileError {
    /// The file cannot be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    /// The file has more than [`MAX_BYTES`].
    #[error("{} is larger than 1 MiB", path.display())]
    TooLarge { path: PathBuf },
    /// The text is neither JSON nor TOML, as the file's name says.
    #[error("{}, line {line}, column {column}: {problem}", path.display())]
    Syntax { path: PathBuf, line: usize, column: usize, problem: String },
    /// The file lacks an object of connections. An empty one is allowed.
    #[error("{} has no \"mcpServers\": write {{\"mcpServers\": {{\"name\": {{\"command\": \"…\"}}}}}}", path.display())]
    NoConnections { path: PathBuf },
    /// The connections are not an object.
    #[error("{}: {section} is not an object: write \"{section}\": {{\"name\": {{…}}}}", path.display())]
    NotAnObject { path: PathBuf, section: String },
    /// Two connections, or two objects of connections, have the same name.
    #[error("{} has {name} twice: give each a name of its own", path.display())]
    Repeated { path: PathBuf, name: String },
    /// There are more than [`MAX_CONNECTIONS`].
    #[error("{} has {count} connections: use at most {MAX_CONNECTIONS}", path.display())]
    TooMany { path: PathBuf, count: usize },
}

/// Reads a connections file. `variable` looks an environment variable up.
///
/// A file whose name ends with `.toml` is TOML, every other one JSON. Relative paths in it start at its
/// folder. It blocks.
///
/// # Errors
/// Returns [`FileError`] if the whole file cannot be used. A wrong connection is not an error: its
/// [`Entry`] has the reason.
pub fn read(
    path: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<ConnectionFile, FileError> {
    let text = read_text(path, MAX_BYTES)?;
    parse(&text, path, variable)
}

/// Reads the text of a connections file. [`read`] describes parameters and errors.
///
/// # Errors
/// Returns [`FileError`] as [`read`] does.
pub fn parse(
    text: &str,
    path: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<ConnectionFile, FileError> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let is_toml = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("toml"));
    let parsed = if is_toml { document::parse_toml(text) } else { document::parse_json(text) };
    let document = parsed.map_err(|error| FileError::Syntax {
        path: path.clone(),
        line: error.line,
        column: error.column,
        problem: error.problem,
    })?;
    let mut file = ConnectionFile { entries: Vec::new(), warnings: Vec::new() };
    let folder = path.parent().unwrap_or(Path::new("/"));
    for (name, members, problem) in connections(document, &path, &mut file.warnings)? {
        file.entries.push(entry::read(
            &name,
            &members,
            problem,
            folder,
            variable,
            &mut file.warnings,
        ));
    }
    Ok(file)
}

/// Reads a file of at most `limit` bytes.
pub(super) fn read_text(path: &Path, limit: u64) -> Result<String, FileError> {
    let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
    // Opening a pipe would wait for its writer.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(unreadable(std::io::Error::other("it is not a file")));
    }
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(limit + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > limit {
        return Err(FileError::TooLarge { path: path.to_owned() });
    }
    Ok(text)
}

/// A connection's name, members, and perhaps the reason why it cannot be used.
type Connection = (String, Value, Option<String>);

fn connections(
    document: Document,
    path: &Path,
    warnings: &mut Vec<String>,
) -> Result<Vec<Connection>, FileError> {
    let Document { value, repeated } = document;
    let is_section = |name: &str| SECTIONS.contains(&name);
    let repeats = |name: &str| FileError::Repeated { path: path.to_owned(), name: quoted(name) };
    for place in &repeated {
        match place.as_slice() {
            [name] if is_section(name) => return Err(repeats(name)),
            [section, name] if is_section(section) => return Err(repeats(name)),
            _ => {}
        }
    }
    let Value::Object(members) = value else {
        return Err(FileError::NoConnections { path: path.to_owned() });
    };
    let (mut sections, mut others) = (Vec::new(), Vec::new());
    for (section, value) in members {
        match value {
            _ if !is_section(&section) => others.push(section),
            Value::Object(entries) => sections.push((section, entries)),
            _ => return Err(FileError::NotAnObject { path: path.to_owned(), section }),
        }
    }
    if sections.is_empty() {
        return Err(FileError::NoConnections { path: path.to_owned() });
    }
    let count = sections.iter().map(|(_, entries)| entries.len()).sum();
    if count > MAX_CONNECTIONS {
        return Err(FileError::TooMany { path: path.to_owned(), count });
    }
    let mut found = Vec::<Connection>::new();
    for (section, entries) in sections {
        for (name, members) in entries {
            if found.iter().any(|(other, ..)| *other == name) {
                return Err(repeats(&name));
            }
            let problem = repeated
                .iter()
                .find(|place| place.len() > 2 && place[0] == section && place[1] == name)
                .map(|place| {
                    let member = shown(&place[2..].join("."));
                    format!("{member} occurs twice: keep one of them")
                });
            found.push((name, members, problem));
        }
    }
    warnings.extend(unread(&others));
    Ok(found)
}

/// Returns a warning about top-level members that hold no connections.
fn unread(others: &[String]) -> Option<String> {
    // An input is explained where it is used.
    let others: Vec<_> =
        others.iter().filter(|name| !matches!(name.as_str(), "inputs" | "$schema")).collect();
    let names = others.iter().take(5).map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    let more = match others.len().saturating_sub(5) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let verb = if others.len() == 1 { "is" } else { "are" };
    (!others.is_empty())
        .then(|| format!("{names}{more} {verb} not read: connections are in mcpServers"))
}
