//! The command line: starts a server or calls one.

mod actions;
mod client;
mod config;
mod connections;
mod database;
mod request;
mod signals;
mod start;
mod stdio;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use mcp_integrations::connections::Variables;

use crate::config::{Sources, flag_help};
use crate::service::Machine;

/// Exit status if the server or the database rejects the command.
const REFUSED: u8 = 1;
/// Exit status if the command or a setting is wrong.
const USAGE: u8 = 2;
/// Exit status if the client cannot connect, or the other end is not an mcp-server.
const NO_CONNECTION: u8 = 3;

/// A persistent backend for AI agents: memory, tools and logic behind one small endpoint.
#[derive(Debug, Parser)]
#[command(name = "mcp-server", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Debug, Default, Args)]
struct SettingsArgs {
    /// TOML file with settings [env: `MCP_CONFIG`]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[arg(long, value_name = "ADDRESS", help = flag_help("host"))]
    host: Option<String>,
    #[arg(long, value_name = "PORT", help = flag_help("port"))]
    port: Option<String>,
    #[arg(long, value_name = "FILTER", help = flag_help("log_level"))]
    log_level: Option<String>,
    #[arg(long, value_name = "FILE", help = flag_help("connections"))]
    connections: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server (the default command)
    Start(SettingsArgs),
    /// Serve one MCP client over stdin and stdout
    Stdio(stdio::StdioArgs),
    /// Call an action of a running server
    Query(client::QueryArgs),
    /// Show the memory of a running server
    State(client::StateArgs),
    /// Show the newest log entries of a running server
    Logs(client::LogsArgs),
    /// Remove everything from a running server
    Reset(client::ResetArgs),
    /// Show, check and manage connections with other systems
    Connections(connections::ConnectionsArgs),
    /// Check, back up, restore, migrate, rebuild or vacuum the database without a server
    #[command(subcommand)]
    Db(database::DatabaseCommand),
    /// List the actions, or show one action, without a server
    Actions(actions::ActionsArgs),
    /// Show every setting with its origin
    Config(SettingsArgs),
    /// Print a completion script for a shell
    Completions {
        /// Shell to complete in
        shell: Shell,
    },
}

/// A failed command: its exit status and its one line for stderr.
#[derive(Debug)]
struct Failure {
    exit: u8,
    line: String,
}

impl Failure {
    fn new(exit: u8, line: impl std::fmt::Display) -> Self {
        Self { exit, line: line.to_string() }
    }
}

/// Runs a command line in an environment.
#[must_use]
pub fn run(arguments: Vec<OsString>, environment: BTreeMap<OsString, OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        // Help and version, which go to stdout.
        Err(error) if !error.use_stderr() => {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            complain(&usage_line(&error));
            return ExitCode::from(USAGE);
        }
    };
    let environment = Environment(environment);
    let outcome = match cli.command {
        None => start::run(&environment.sources(cli.settings), &environment.machine()),
        Some(Command::Start(settings)) => {
            start::run(&environment.sources(settings), &environment.machine())
        }
        Some(Command::Stdio(args)) => stdio::run(args, &environment),
        Some(Command::Query(args)) => client::query(&args, &environment),
        Some(Command::State(args)) => client::state(&args, &environment),
        Some(Command::Logs(args)) => client::logs(&args, &environment),
        Some(Command::Reset(args)) => client::reset(&args, &environment),
        Some(Command::Connections(args)) => connections::run(args, &environment),
        Some(Command::Db(command)) => database::run(command, &environment),
        Some(Command::Actions(args)) => actions::run(&args),
        Some(Command::Config(settings)) => config::run(&environment.sources(settings)),
        Some(Command::Completions { shell }) => {
            // Into memory, since `generate` panics if it cannot write.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "mcp-server", &mut script);
            print(String::from_utf8_lossy(&script).trim_end())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure.line);
            ExitCode::from(failure.exit)
        }
    }
}

/// Returns clap's message in one line.
fn usage_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
        .map(|line| line.strip_prefix("error: ").unwrap_or(line))
        .collect();
    format!("{}; see mcp-server --help", lines.join(" "))
}

struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    fn sources(&self, settings: SettingsArgs) -> Sources {
        let SettingsArgs { config, host, port, log_level, connections } = settings;
        let connections = connections.map(|path| path.to_string_lossy().into_owned());
        let flags = [
            ("host", host),
            ("port", port),
            ("log_level", log_level),
            ("connections", connections),
        ];
        let flags = flags.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        Sources { config_file: config, environment: self.0.clone(), flags }
    }

    fn machine(&self) -> Machine {
        let usual = Machine::default();
        Machine {
            search_path: self.text("PATH").unwrap_or(usual.search_path),
            temporary_folder: self.text("TMPDIR").map_or(usual.temporary_folder, PathBuf::from),
            variables: self.variables(),
        }
    }

    /// Returns the look-up of variables for the connections file.
    fn variables(&self) -> Variables {
        let text = |value: &OsString| value.to_str().map(ToOwned::to_owned);
        let pairs = self.0.iter().filter_map(|(name, value)| Some((text(name)?, text(value)?)));
        let variables: BTreeMap<String, String> = pairs.collect();
        Arc::new(move |name| variables.get(name).cloned())
    }

    /// Returns the text of a variable that is set and not empty.
    fn text(&self, name: &str) -> Option<String> {
        let value = self.0.get(std::ffi::OsStr::new(name))?.to_str()?;
        (!value.is_empty()).then(|| value.to_owned())
    }
}

/// Writes a line to stdout. A closed pipe (`| head`) is not an error.
fn print(text: &str) -> Result<(), Failure> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(REFUSED, format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes one line to stderr. Control characters become spaces: the text of a server or a file must
/// not steer the terminal. If stderr cannot be written, the exit status still reports the failure.
fn complain(line: &str) {
    let line = line.replace(char::is_control, " ");
    let _ = writeln!(io::stderr(), "mcp-server: {line}");
}
