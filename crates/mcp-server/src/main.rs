//! The `mcp-server` command.

use std::process::ExitCode;

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn main() -> ExitCode {
    mcp_server::cli::run(std::env::args_os().collect(), std::env::vars_os().collect())
}
