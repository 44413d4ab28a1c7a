//! `with-new-database URL COMMAND [ARGUMENT…]`: executes the command with `DATABASE_URL` set to an
//! empty database in the server of `URL`. The database stays until the server is removed.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use test_postgres::Database;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let url = arguments.next().and_then(|url| url.into_string().ok());
    let (Some(url), Some(program)) = (url, arguments.next()) else {
        eprintln!("usage: with-new-database URL COMMAND [ARGUMENT…]");
        return ExitCode::from(2);
    };
    let url = Database::left_in(&url);
    let mut command = Command::new(program);
    let error = command.args(arguments).env("DATABASE_URL", url).exec();
    eprintln!("with-new-database: {command:?}: {error}");
    ExitCode::from(127)
}
