//! The `mcp-server` command.

use std::process::ExitCode;

/// A call allocates on one thread and frees on another, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn main() -> ExitCode {
    mcp_server::cli::run(std::env::args_os().collect(), std::env::vars_os().collect())
}
