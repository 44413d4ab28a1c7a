//! The files of well-known clients, and one of ours with every member.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::connections::settings::{DocumentLocation, OnChange, System};

const CLAUDE_DESKTOP: &str = r#"{
  "globalShortcut": "Ctrl+Space",
  "mcpServers": {
    "filesystem": {
      "command": "npx",
      "args": ["-y", "@modelcontextprotocol/server-filesystem", "/home/ada/Desktop"]
    },
    "notion": {
      "command": "npx",
      "args": ["-y", "@notionhq/notion-mcp-server"],
      "env": {"NOTION_TOKEN": "hunter2-hunter2", "LOG": null, "RETRIES": 3}
    }
  }
}"#;

const VS_CODE: &str = r#"{
  // Written by VS Code.
  "inputs": [{"type": "promptString", "id": "api-key", "description": "Key", "password": true}],
  "servers": {
    "playwright": {"type": "stdio", "command": "npx", "args": ["-y", "@playwright/mcp@latest"], "gallery": true},
    "tools": {"command": "./bin/tools", "cwd": "${workspaceFolder}/data", "envFile": "${workspaceFolder}/.env"},
    "docs": {"type": "http", "url": "https://mcp.example.com/mcp", "headers": {"Authorization": "Bearer ${env:TOKEN}"}},
    "old": {"type": "sse", "url": "https://old.example.com/sse"},
    "asks": {"type": "http", "url": "https://ask.example.com/mcp", "headers": {"X-Key": "${input:api-key}"}},
  },
}"#;

const WINDSURF: &str = r#"{"mcpServers": {
  "remote": {"serverUrl": "https://mcp.example.com/mcp", "headers": {"API_KEY": "Bearer ${env:TOKEN}", "Content-Type": "application/json"},
             "disabled": true, "alwaysAllow": ["read"], "disabledTools": ["drop_*"]}}}"#;

#[test]
fn claude_desktop() {
    let file = json(CLAUDE_DESKTOP).expect("a file");
    assert_eq!(file.warnings, ["\"globalShortcut\" is not read: connections are in mcpServers"]);
    let names: Vec<_> = file.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["filesystem", "notion"]);
    let settings = file.entries[1].settings.as_ref().expect("settings");
    let System::Stdio { command, args, env, cwd } = &settings.system else {
        panic!("{settings:?}")
    };
    assert_eq!((command.as_str(), cwd.as_path()), ("npx", Path::new("/etc/mcp")));
    assert_eq!(*args, ["-y", "@notionhq/notion-mcp-server"]);
    assert_eq!(exposed(env), [("NOTION_TOKEN", SECRET), ("RETRIES", "3")]);
    assert_eq!(settings.timeout, Duration::from_mins(1));
    assert_eq!(settings.idle_timeout, Duration::from_mins(10));
    assert_eq!((settings.concurrency, settings.on_change), (8, OnChange::Accept));
    assert!(!settings.disabled && !settings.read_only && settings.tools.admit("any"));
    let secrets: Vec<_> = file.entries[1].secrets.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(secrets, [SECRET]);
}

#[test]
fn vs_code() {
    let file = json(VS_CODE).expect("a file");
    assert_eq!(
        file.warnings,
        [
            "connection \"tools\": envFile is not read: set the variables in env, or for this server",
            "connection \"old\": type sse is read as http: the server must speak streamable HTTP",
        ]
    );
    let [playwright, tools, docs, old, asks] = &file.entries[..] else { panic!("{file:?}") };
    assert!(playwright.settings.is_ok() && old.settings.is_ok());
    let settings = tools.settings.as_ref().expect("settings");
    let System::Stdio { command, cwd, .. } = &settings.system else { panic!("{settings:?}") };
    assert_eq!(command, "/etc/mcp/./bin/tools");
    assert_eq!(*cwd, PathBuf::from("/etc/mcp/data"));
    let settings = docs.settings.as_ref().expect("settings");
    let System::Http { url, additions } = &settings.system else { panic!("{settings:?}") };
    assert_eq!(url.as_str(), "https://mcp.example.com/mcp");
    let headers = additions.headers.iter().map(|(name, value)| (name, value));
    assert_eq!(exposed(headers), [("authorization", "Bearer hunter2-hunter2")]);
    let reason = asks.settings.as_ref().expect_err("a reason");
    assert_eq!(
        reason,
        "headers.X-Key: ${input:…} asks a person, which a server cannot: use an environment variable, as in ${API_KEY}"
    );
}

#[test]
fn windsurf() {
    let file = json(WINDSURF).expect("a file");
    assert_eq!(
        file.warnings,
        [
            "connection \"remote\": alwaysAllow is not read: limit tools with tools.allow and readOnly, and approve query or change in the client",
            "connection \"remote\": headers.content-type is not used: this server sets it",
        ]
    );
    let settings = file.entries[0].settings.as_ref().expect("settings");
    assert!(file.entries[0].disabled && settings.disabled);
    assert!(settings.tools.admit("read") && !settings.tools.admit("drop_table"));
    let System::Http { additions, .. } = &settings.system else { panic!("{settings:?}") };
    assert_eq!(additions.headers.len(), 1);
}

const OURS: &str = r#"{"mcpServers": {"github": {
  "openapi": "./api.github.com.json", "baseUrl": "https://api.github.com",
  "headers": {"X-B": "2", "Authorization": "Bearer ${TOKEN}"}, "query": {"v": 3, "page": true},
  "tools": {"allow": ["issues/*", "pulls/*"], "deny": ["*delete*"]}, "readOnly": true,
  "timeout": "${SECONDS}", "idleTimeout": 30, "concurrency": "4", "description": "Issues\n and  pulls",
  "onChange": "hold", "disabled": false, "prefix": "gh"},
 "petstore": {"openapi": "https://example.com/openapi.yaml?key=hunter2-hunter2"}}}"#;

const OURS_IN_TOML: &str = r#"
[mcp_servers.petstore]
openapi = "https://example.com/openapi.yaml?key=hunter2-hunter2"

[mcpServers.github]
openapi = "./api.github.com.json"
base_url = "https://api.github.com"
headers = { Authorization = "Bearer ${TOKEN}", X-B = "2" }
query = { page = true, v = 3 }
tools = { deny = ["*delete*"], allow = ["issues/*", "pulls/*"] }
read_only = true
timeout = 2.5
idle_timeout = 30.0
concurrency = 4
description = """
Issues
and pulls"""
on_change = "hold"
prefix = "gh"
"#;

#[test]
fn ours_in_json_and_toml() {
    let file = json(OURS).expect("a file");
    assert!(file.warnings.is_empty(), "{:?}", file.warnings);
    let settings = file.entries[0].settings.as_ref().expect("settings");
    let System::OpenApi { document, base_url, additions } = &settings.system else {
        panic!("{settings:?}")
    };
    let DocumentLocation::File(path) = document else { panic!("{document:?}") };
    assert_eq!(path, Path::new("/etc/mcp/./api.github.com.json"));
    assert_eq!(base_url.as_ref().map(reqwest::Url::as_str), Some("https://api.github.com/"));
    let pairs = |list: &[(String, SecretString)]| {
        list.iter()
            .map(|(name, value)| format!("{name}={}", value.expose_secret()))
            .collect::<Vec<_>>()
    };
    assert_eq!(pairs(&additions.headers), ["authorization=Bearer hunter2-hunter2", "x-b=2"]);
    assert_eq!(pairs(&additions.query), ["page=true", "v=3"]);
    assert!(settings.tools.admit("issues/list") && !settings.tools.admit("issues/delete"));
    assert!(settings.read_only);
    assert_eq!(settings.timeout, Duration::from_millis(2500));
    assert_eq!(settings.idle_timeout, Duration::from_secs(30));
    assert_eq!((settings.concurrency, settings.on_change), (4, OnChange::Hold));
    assert_eq!(settings.description, "Issues and pulls");
    assert_eq!(settings.prefix.as_deref(), Some("gh"));

    let toml = parse(OURS_IN_TOML, Path::new("/etc/mcp/connections.TOML"), &variable);
    let toml = toml.expect("a file");
    assert!(toml.warnings.is_empty(), "{:?}", toml.warnings);
    for entry in &file.entries {
        let same = toml.entries.iter().find(|other| other.name == entry.name).expect("the name");
        assert_eq!(same.hash, entry.hash, "{}", entry.name);
        assert_eq!(format!("{same:?}"), format!("{entry:?}"));
    }
    let debug = format!("{file:?}{toml:?}");
    assert!(!debug.contains("hunter2"), "{debug}");
}
