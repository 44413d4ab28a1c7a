//! Importing the files of real clients.

use std::path::Path;

use super::*;
use crate::connections::file;
use crate::connections::settings::System;

const CLAUDE_DESKTOP: &str = r#"{"mcpServers": {
  "filesystem": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "/home/ada/Desktop"]},
  "github": {"command": "docker", "args": ["run", "-i", "--rm", "-e", "GITHUB_TOKEN", "-e", "EXTRA=hunter2-a", "ghcr.io/github/github-mcp-server"],
             "env": {"GITHUB_TOKEN": "hunter2-b"}}}}"#;

const CLAUDE_CODE: &str = r#"{"numStartups": 5, "history": ["hunter2-z"], "mcpServers": {
  "filesystem": {"type": "stdio", "command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "/home/ada/Desktop"], "env": {}}},
  "projects": {"/home/ada/one": {"allowedTools": [], "mcpServers": {
     "db": {"type": "stdio", "command": "./run.sh", "args": ["../schema.sql", "postgresql://ada:hunter2-c@localhost/db"], "env": {}}}},
   "/home/ada/two": {"mcpServers": {}}}}"#;

const CURSOR: &str = r#"{"mcpServers": {
  "github": {"url": "https://api.githubcopilot.com/mcp/", "headers": {"Authorization": "Bearer hunter2-d", "X-Readonly": "hunter2-e"}},
  "figma": {"command": "npx", "args": ["figma-developer-mcp", "--figma-api-key=hunter2-f", "--stdio"], "envFile": ".env"},
  "exa": {"url": "https://mcp.exa.ai/mcp?exaApiKey=hunter2-g&tools=web_search"},
  "remote": {"command": "npx", "args": ["mcp-remote", "https://x.example.com/mcp", "--header", "Authorization: Bearer hunter2-h", "--token", "hunter2-i"]}}}"#;

const CURSOR_HERE: &str = r#"{"mcpServers": {
  "github": {"command": "docker", "args": ["run"], "env": {"GITHUB_TOKEN": "hunter2-j"}},
  "figma": {"url": "https://${FIGMA_HOST:-mcp.figma.com}/mcp", "headers": {"X-Figma-Token": "${env:FIGMA_TOKEN}"}}}}"#;

const VS_CODE: &str = r#"{
  // By hand.
  "inputs": [{"type": "promptString", "id": "perplexity-key", "password": true}],
  "servers": {
    "perplexity": {"type": "stdio", "command": "npx", "args": ["-y", "server-perplexity-ask"], "env": {"PERPLEXITY_API_KEY": "${input:perplexity-key}"}},
    "local": {"type": "stdio", "command": "python", "args": ["server.py", "${workspaceFolder}/data"]},
  }}"#;

const VS_CODE_SETTINGS: &str = r#"{"editor.fontSize": 12, "mcp": {"servers": {"zap": {"type": "sse", "url": "https://mcp.zapier.com/s/4f9aB7Kq81LmXz20PwTr55/sse"}}}}"#;

const WINDSURF: &str = r#"{"mcpServers": {"memory": {"command": "~/bin/npx", "args": ["-y", "@modelcontextprotocol/server-memory"], "disabled": true, "alwaysAllow": ["read_graph"]},
  "notion": {"serverUrl": "https://mcp.notion.com/mcp", "disabled": false}}}"#;

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
}

/// The imported connections, where HERE is the working folder.
const IMPORTED: &str = r#"{
  "filesystem": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "/home/ada/Desktop"]},
  "github": {"command": "docker", "args": ["run", "-i", "--rm", "-e", "GITHUB_TOKEN", "-e", "EXTRA=${EXTRA}", "ghcr.io/github/github-mcp-server"],
             "env": {"GITHUB_TOKEN": "${GITHUB_TOKEN}"}},
  "db": {"command": "/home/ada/one/run.sh", "args": ["/home/ada/one/../schema.sql", "postgresql://ada:${DB_PASSWORD}@localhost/db"]},
  "github-cursor": {"url": "https://api.githubcopilot.com/mcp/",
                    "headers": {"Authorization": "Bearer ${GITHUB_CURSOR_TOKEN}", "X-Readonly": "${GITHUB_CURSOR_X_READONLY}"}},
  "figma": {"command": "npx", "args": ["figma-developer-mcp", "--figma-api-key=${FIGMA_FIGMA_API_KEY}", "--stdio"]},
  "exa": {"url": "https://mcp.exa.ai/mcp?exaApiKey=${EXA_EXAAPIKEY}&tools=web_search"},
  "remote": {"command": "npx", "args": ["mcp-remote", "https://x.example.com/mcp", "--header", "Authorization: Bearer ${REMOTE_TOKEN}", "--token", "${REMOTE_TOKEN_2}"]},
  "github-cursor-2": {"command": "docker", "args": ["run"], "env": {"GITHUB_TOKEN": "${GITHUB_CURSOR_2_GITHUB_TOKEN}"}},
  "figma-cursor": {"url": "https://${FIGMA_HOST:-mcp.figma.com}/mcp", "headers": {"X-Figma-Token": "${FIGMA_TOKEN}"}},
  "perplexity": {"command": "npx", "args": ["-y", "server-perplexity-ask"], "env": {"PERPLEXITY_API_KEY": "${PERPLEXITY_KEY}"}},
  "local": {"command": "python", "args": ["HERE/server.py", "HERE/data"]},
  "zap": {"url": "https://mcp.zapier.com/s/${ZAP_SECRET}/sse"},
  "memory": {"command": "${HOME}/bin/npx", "args": ["-y", "@modelcontextprotocol/server-memory"], "disabled": true},
  "notion": {"url": "https://mcp.notion.com/mcp"}}"#;

/// Writes the files of every client to `home` and `here` in a folder, and finds them.
fn clients(folder: &Path) -> Vec<Found> {
    let (home, here) = (folder.join("home"), folder.join("here"));
    let files = [
        ("Library/Application Support/Claude/claude_desktop_config.json", CLAUDE_DESKTOP),
        (".claude.json", CLAUDE_CODE),
        (".cursor/mcp.json", CURSOR),
        (".config/Code/User/settings.json", VS_CODE_SETTINGS),
        (".config/Code/User/mcp.json", "{\"servers\": {\"a\" 1}}"),
        (".codeium/windsurf/mcp_config.json", WINDSURF),
    ];
    write(&home, &files);
    let files =
        [(".cursor/mcp.json", CURSOR_HERE), (".vscode/mcp.json", VS_CODE), ("server.py", "")];
    write(&here, &files);
    found(&home, &here)
}

#[test]
fn the_files_of_all_clients_become_one_without_secrets() {
    let folder = tempfile::tempdir().expect("a folder");
    let found = clients(folder.path());
    let ids: Vec<_> = found.iter().map(|file| file.client.id()).collect();
    let expected = "claude-desktop claude-code cursor cursor vscode vscode vscode windsurf";
    assert_eq!(ids.join(" "), expected);
    let import = merge(&found);
    let written: Value = serde_json::from_str(&import.text).expect("JSON");
    let here = folder.path().join("here");
    let imported = IMPORTED.replace("HERE", here.to_str().expect("UTF-8"));
    let imported: Value = serde_json::from_str(&imported).expect("JSON");
    assert_eq!(written["mcpServers"], imported);
    for said in [import.text.as_str(), &format!("{found:?}{import:?}")] {
        assert!(!said.contains("hunter2") && !said.contains("4f9aB7Kq"), "{said}");
    }
    let notes = import.notes.join("\n");
    for expected in [
        "Code/User/mcp.json, line 1, column 18: expected colon",
        ".cursor/mcp.json: figma: envFile is not read",
        "zap: type sse is read as http",
        "memory: alwaysAllow is not read",
    ] {
        assert!(notes.contains(expected), "{notes}");
    }
}

#[test]
fn the_reader_understands_the_file_and_needs_exactly_the_listed_variables() {
    let folder = tempfile::tempdir().expect("a folder");
    let import = merge(&clients(folder.path()));
    let path = Path::new("/etc/mcp/connections.json");
    let is_needed = |name: &str| import.variables.iter().any(|variable| variable.name == name);
    let set = |name: &str| (is_needed(name) || name == "HOME").then(|| "value".to_owned());
    let read = file::parse(&import.text, path, &set).expect("a file");
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    for entry in &read.entries {
        assert!(entry.settings.is_ok(), "{entry:?}");
    }
    for missing in &import.variables {
        let set = |name: &str| (name != missing.name).then(|| "value".to_owned());
        let read = file::parse(&import.text, path, &set).expect("a file");
        let failed = read.entries.iter().filter(|entry| entry.settings.is_err());
        let failed: Vec<_> = failed.map(|entry| entry.name.clone()).collect();
        assert_eq!(failed, missing.connections, "{}", missing.name);
    }
}

#[test]
fn equal_secrets_share_a_variable() {
    let connection = |name: &str, token: &str| FoundConnection {
        name: name.to_owned(),
        folder: "/x".into(),
        members: serde_json::json!({"command": "x", "env": {"API_KEY": token, "EMPTY": "", "COUNT": 5}}),
    };
    let found = [Found {
        client: Client::Cursor,
        path: "/x/mcp.json".into(),
        connections: Ok(vec![
            connection("a", "hunter2"),
            connection("b", "hunter2"),
            connection("c", "hunter3"),
        ]),
    }];
    let import = merge(&found);
    let file = file::parse(&import.text, Path::new("/x.json"), &|name| {
        Some(if name == "C_API_KEY" { "hunter3" } else { "hunter2" }.to_owned())
    })
    .expect("a file");
    let names: Vec<_> = import
        .variables
        .iter()
        .map(|variable| (variable.name.as_str(), variable.connections.join(" ")))
        .collect();
    assert_eq!(
        names,
        [
            ("API_KEY", "a b".to_owned()),
            ("COUNT", "a b c".to_owned()),
            ("C_API_KEY", "c".to_owned()),
        ]
    );
    for entry in file.entries {
        let System::Stdio { env, .. } = entry.settings.expect("settings").system else { panic!() };
        assert_eq!(env.len(), 3);
    }
}

#[test]
fn a_home_folder_without_clients_has_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &[(".cursor/mcp.json", " "), (".claude.json", "{\"projects\": []}")]);
    let found = found(folder.path(), folder.path());
    assert!(found.is_empty(), "{found:?}");
    let import = merge(&found);
    assert_eq!(import.text, "{\n  \"mcpServers\": {}\n}\n");
}
