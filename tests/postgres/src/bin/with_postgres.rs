//! `with-postgres [--durable] COMMAND [ARGUMENT…]`: runs a command with a PostgreSQL server, whose
//! URL is in `MCP_TEST_POSTGRES_URL`. The server ends with the command.

use std::process::{Command, ExitCode};

use test_postgres::{Server, Setup};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    let durable = arguments.next_if(|argument| argument == "--durable").is_some();
    let Some(program) = arguments.next() else {
        eprintln!("usage: with-postgres [--durable] COMMAND [ARGUMENT…]");
        return ExitCode::from(2);
    };
    let server = Server::start(Setup { durable, ..Setup::default() });
    let mut command = Command::new(program);
    command.args(arguments).env("MCP_TEST_POSTGRES_URL", server.url("postgres"));
    match command.status() {
        Ok(status) => status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1).into(),
        Err(error) => {
            eprintln!("with-postgres: {command:?}: {error}");
            ExitCode::from(127)
        }
    }
}
