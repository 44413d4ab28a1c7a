//! Makes a connections file of the files that MCP clients have.
//!
//! `places` knows where the files are and how they hold connections. [`merge`] makes one file of them:
//! `normal` writes each connection as this project reads it, and `literals` replaces secrets by variables.

mod literals;
mod merge;
mod needed;
mod normal;
mod places;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::file::{document, read_text};
pub use merge::{Import, NeededVariable, merge};

/// The limit of a client's file, in bytes: Claude Code's also has the history of its sessions.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// A program that has a file of MCP servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Anthropic's desktop application.
    ClaudeDesktop,
    /// Anthropic's command line.
    ClaudeCode,
    /// The editor Cursor.
    Cursor,
    /// Visual Studio Code.
    VsCode,
    /// The editor Windsurf.
    Windsurf,
}

impl Client {
    /// Returns the client's name for names of connections, such as `claude-desktop`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "claude-desktop",
            Self::ClaudeCode => "claude-code",
            Self::Cursor => "cursor",
            Self::VsCode => "vscode",
            Self::Windsurf => "windsurf",
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ClaudeDesktop => "Claude Desktop",
            Self::ClaudeCode => "Claude Code",
            Self::Cursor => "Cursor",
            Self::VsCode => "VS Code",
            Self::Windsurf => "Windsurf",
        })
    }
}

/// A client's file.
#[derive(Clone, Debug)]
pub struct Found {
    /// The client.
    pub client: Client,
    /// The file.
    pub path: PathBuf,
    /// Its connections, or the reason why it cannot be read, in one line that names the file.
    pub connections: Result<Vec<FoundConnection>, String>,
}

/// A connection in a client's file. `Debug` hides its members, which may hold secrets.
#[derive(Clone)]
pub struct FoundConnection {
    /// The name in the client's file.
    pub name: String,
    /// The folder at which relative paths start.
    folder: PathBuf,
    members: Value,
}

impl fmt::Debug for FoundConnection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FoundConnection")
            .field("name", &self.name)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// Finds the files of MCP clients in a home folder and in a working folder. Both paths are absolute. It
/// blocks.
#[must_use]
pub fn found(home: &Path, working_dir: &Path) -> Vec<Found> {
    let mut found = Vec::<Found>::new();
    for place in places::places(home, working_dir) {
        // In the home folder, both paths of a client may be the same file.
        if place.path.exists() && found.iter().all(|other| other.path != place.path) {
            let connections = read(&place);
            // Most settings of an editor have no connections.
            if !matches!(&connections, Ok(list) if list.is_empty()) {
                found.push(Found { client: place.client, path: place.path, connections });
            }
        }
    }
    found
}

fn read(place: &places::Place) -> Result<Vec<FoundConnection>, String> {
    let text = read_text(&place.path, MAX_BYTES).map_err(|error| error.to_string())?;
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let document = document::parse_json(&text).map_err(|error| {
        let document::SyntaxError { line, column, problem } = error;
        format!("{}, line {line}, column {column}: {problem}", place.path.display())
    })?;
    Ok(place.connections(&document.value))
}
