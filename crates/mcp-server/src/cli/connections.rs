//! `mcp-server connections`

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use mcp_core::SystemClock;
use mcp_core::memory::in_memory::InMemoryStore;
use mcp_integrations::HttpSettings;
use mcp_integrations::connections::{Connections, Status, file, import};
use mcp_lean::tokens;
use reqwest::Method;
use serde::Deserialize;

use super::request::{Request, ServerArgs};
use super::{Environment, Failure, NO_CONNECTION, REFUSED, USAGE, complain, print};

/// The characters of an error in the table.
const ERROR_WIDTH: usize = 60;
/// The characters of every other text in the table: those of the longest name.
const TEXT_WIDTH: usize = 64;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct ConnectionsArgs {
    #[command(subcommand)]
    command: Option<ConnectionsCommand>,
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Subcommand)]
enum ConnectionsCommand {
    /// Connect to each entry of a file, without a server
    Check {
        /// File of connections
        file: PathBuf,
    },
    /// Print a file made of the files of Claude, Cursor, VS Code and Windsurf
    Import,
    /// Let a running server read its file again
    Reload {
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Trust the changed definitions of a connection of a running server
    Approve {
        /// Name of the connection
        name: String,
        #[command(flatten)]
        server: ServerArgs,
    },
}

pub(super) fn run(args: ConnectionsArgs, environment: &Environment) -> Result<(), Failure> {
    match args.command {
        None => list(&args.server, args.json, environment),
        Some(ConnectionsCommand::Check { file }) => check(file, environment),
        Some(ConnectionsCommand::Import) => import_files(environment),
        Some(ConnectionsCommand::Reload { server }) => {
            Request::new(&server, environment, "api/v2/connections/reload")?
                .send(Method::POST, None)
        }
        Some(ConnectionsCommand::Approve { name, server }) => {
            let name =
                percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC);
            let path = format!("api/v2/connections/{name}/approve");
            Request::new(&server, environment, &path)?.send(Method::POST, None)
        }
    }
}

/// A line of the table.
#[derive(Deserialize)]
struct Line {
    name: String,
    kind: String,
    state: String,
    tools: usize,
    held: usize,
    calls: u64,
    errors: u64,
    definition_tokens: usize,
    #[serde(default)]
    error: Option<String>,
}

fn list(server: &ServerArgs, json: bool, environment: &Environment) -> Result<(), Failure> {
    let text = Request::new(server, environment, "api/v2/connections")?.fetch(Method::GET, None)?;
    if json {
        return print(&text);
    }
    let lines: Vec<Line> = serde_json::from_str(&text).map_err(|error| {
        Failure::new(NO_CONNECTION, format!("the response is not a list of connections: {error}"))
    })?;
    if lines.is_empty() {
        return print("The server has no connections: start it with --connections FILE.");
    }
    print(&table(&lines))
}

fn table(lines: &[Line]) -> String {
    let head =
        ["NAME", "KIND", "STATE", "TOOLS", "HELD", "CALLS", "ERRORS", "TOKENS", "LAST ERROR"];
    let mut rows = vec![head.map(ToOwned::to_owned)];
    rows.extend(lines.iter().map(|line| {
        [
            cell(&line.name, TEXT_WIDTH),
            cell(&line.kind, TEXT_WIDTH),
            cell(&line.state, TEXT_WIDTH),
            line.tools.to_string(),
            line.held.to_string(),
            line.calls.to_string(),
            line.errors.to_string(),
            line.definition_tokens.to_string(),
            cell(line.error.as_deref().unwrap_or_default(), ERROR_WIDTH),
        ]
    }));
    let total = |of: fn(&Line) -> usize| lines.iter().map(of).sum::<usize>().to_string();
    let mut last: [String; 9] = std::array::from_fn(|_| String::new());
    "total".clone_into(&mut last[0]);
    last[3] = total(|line| line.tools);
    last[7] = total(|line| line.definition_tokens);
    rows.push(last);
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 9] = std::array::from_fn(width);
    let is_number = |column: usize| (3..8).contains(&column);
    let line = |row: &[String; 9]| {
        let cells = row.iter().enumerate().map(|(column, text)| {
            let width = widths[column];
            if is_number(column) { format!("{text:>width$}") } else { format!("{text:<width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Returns a text in one line of at most `width` characters, with `…` as the last if it was cut.
fn cell(text: &str, width: usize) -> String {
    let text = text.replace(char::is_control, " ");
    match text.char_indices().nth(width - 1) {
        Some((at, last)) if at + last.len_utf8() < text.len() => format!("{}…", &text[..at]),
        _ => text,
    }
}

fn check(file: PathBuf, environment: &Environment) -> Result<(), Failure> {
    env_logger::Builder::new().parse_filters("off").init();
    let variables = environment.variables();
    let read = file::read(&file, &*variables).map_err(|error| Failure::new(USAGE, error))?;
    for warning in &read.warnings {
        complain(warning);
    }
    let failed = actix_web::rt::System::new().block_on(async move {
        let clock = SystemClock::shared();
        let store = Arc::new(InMemoryStore::new(Arc::clone(&clock), 0));
        let http = HttpSettings::default();
        let connections = Connections::open(file, variables, store, http, clock)
            .map_err(|error| Failure::new(USAGE, error))?;
        let failed = show_settled(&connections).await;
        connections.close().await;
        failed
    })?;
    match failed {
        0 => Ok(()),
        1 => Err(Failure::new(REFUSED, "1 connection failed")),
        count => Err(Failure::new(REFUSED, format!("{count} connections failed"))),
    }
}

/// Prints a line for each connection as soon as it has its tools or has failed once. Returns the number
/// of those that failed.
async fn show_settled(connections: &Connections) -> Result<usize, Failure> {
    const INTERVAL: Duration = Duration::from_millis(50);
    let (mut shown, mut failed) = (BTreeSet::new(), 0);
    loop {
        let all = connections.status(Some(tokens::count));
        let settled = all.iter().filter(|it| it.state != "connecting" || it.error.is_some());
        for status in settled {
            if !shown.insert(status.name.clone()) {
                continue;
            }
            // One that has failed may be trying again already.
            failed += usize::from(matches!(status.state, "failed" | "connecting"));
            print(&checked(status).replace(char::is_control, " "))?;
        }
        if shown.len() == all.len() {
            return Ok(failed);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

fn checked(status: &Status) -> String {
    let Status { name, tools, definition_tokens, .. } = status;
    match (&status.error, status.state) {
        (Some(error), "disabled") => format!("{name}: disabled: {error}"),
        (None, "disabled") => format!("{name}: disabled"),
        (Some(error), "failed" | "connecting") => format!("{name}: failed: {error}"),
        (_, state) => format!("{name}: {state}: {tools} tools, {definition_tokens} tokens"),
    }
}

fn import_files(environment: &Environment) -> Result<(), Failure> {
    let home = environment.text("HOME").map(PathBuf::from);
    let home = home.ok_or_else(|| Failure::new(USAGE, "HOME is not set: set it to your folder"))?;
    let folder = std::env::current_dir().map_err(|error| {
        Failure::new(REFUSED, format!("the working directory cannot be found: {error}"))
    })?;
    let found = import::found(&home, &folder);
    if found.is_empty() {
        let line = "found no connections of Claude, Cursor, VS Code or Windsurf";
        return Err(Failure::new(REFUSED, line));
    }
    let import = import::merge(&found);
    for note in &import.notes {
        complain(note);
    }
    for variable in &import.variables {
        complain(&format!("set {} for {}", variable.name, variable.connections.join(", ")));
    }
    print(import.text.trim_end())
}
