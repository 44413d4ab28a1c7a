//! The files of clients, and how they hold connections.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{Client, FoundConnection};

/// The folders of applications' settings in a home folder: Linux, macOS, Windows.
const APPLICATIONS: [&str; 3] = [".config", "Library/Application Support", "AppData/Roaming"];

/// A file that a client may have.
pub(super) struct Place {
    pub(super) client: Client,
    pub(super) path: PathBuf,
    /// The folder at which relative paths start.
    folder: PathBuf,
    shape: Shape,
}

/// The way in which a file holds connections.
#[derive(Clone, Copy)]
enum Shape {
    /// `{"mcpServers": {…}}`
    McpServers,
    /// The same, and `{"projects": {"/folder": {"mcpServers": {…}}}}`.
    Projects,
    /// `{"servers": {…}}`
    Servers,
    /// `{"mcp": {"servers": {…}}}`, also as `mcp.servers`.
    EditorSettings,
}

/// Returns the files that clients may have.
pub(super) fn places(home: &Path, working_dir: &Path) -> Vec<Place> {
    let mut places = Vec::new();
    let mut add = |client, folder: &Path, file: &str, shape| {
        places.push(Place { client, path: folder.join(file), folder: folder.to_owned(), shape });
    };
    for folder in APPLICATIONS {
        let file = format!("{folder}/Claude/claude_desktop_config.json");
        add(Client::ClaudeDesktop, home, &file, Shape::McpServers);
    }
    add(Client::ClaudeCode, home, ".claude.json", Shape::Projects);
    add(Client::ClaudeCode, working_dir, ".mcp.json", Shape::McpServers);
    add(Client::Cursor, home, ".cursor/mcp.json", Shape::McpServers);
    add(Client::Cursor, working_dir, ".cursor/mcp.json", Shape::McpServers);
    add(Client::VsCode, working_dir, ".vscode/mcp.json", Shape::Servers);
    add(Client::VsCode, working_dir, ".vscode/settings.json", Shape::EditorSettings);
    for folder in APPLICATIONS {
        add(Client::VsCode, home, &format!("{folder}/Code/User/mcp.json"), Shape::Servers);
        let settings = format!("{folder}/Code/User/settings.json");
        add(Client::VsCode, home, &settings, Shape::EditorSettings);
    }
    add(Client::Windsurf, home, ".codeium/windsurf/mcp_config.json", Shape::McpServers);
    places
}

impl Place {
    /// Returns the connections of the file's content.
    pub(super) fn connections(&self, content: &Value) -> Vec<FoundConnection> {
        let in_folder = |servers: &Value, folder: &Path| {
            let servers = servers.as_object().into_iter().flatten();
            let connection = |(name, members): (&String, &Value)| FoundConnection {
                name: name.clone(),
                folder: folder.to_owned(),
                members: members.clone(),
            };
            servers.map(connection).collect::<Vec<_>>()
        };
        match self.shape {
            Shape::McpServers => in_folder(&content["mcpServers"], &self.folder),
            Shape::Servers => in_folder(&content["servers"], &self.folder),
            Shape::EditorSettings => [&content["mcp"]["servers"], &content["mcp.servers"]]
                .into_iter()
                .flat_map(|servers| in_folder(servers, &self.folder))
                .collect(),
            Shape::Projects => {
                let nothing = Map::new();
                let projects = content["projects"].as_object().unwrap_or(&nothing);
                let own = in_folder(&content["mcpServers"], &self.folder);
                let projects = projects.iter().flat_map(|(folder, project)| {
                    in_folder(&project["mcpServers"], &self.folder.join(folder))
                });
                own.into_iter().chain(projects).collect()
            }
        }
    }
}
