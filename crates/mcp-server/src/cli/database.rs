//! `mcp-server db`: maintenance of the database file, without a server.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mcp_storage::Location;
use mcp_storage::maintenance::{self, Checked, MaintenanceError, Migrated, Origin};

use super::config::location;
use super::{Environment, Failure, REFUSED, SettingsArgs, USAGE, print};
use crate::config::{Settings, Sources};

#[derive(Debug, Subcommand)]
pub(super) enum DatabaseCommand {
    /// Check the database without changing it; a server may be running
    Check(SettingsArgs),
    /// Copy the database into a file; a server may be running
    Backup(BackupArgs),
    /// Replace the database with a backup; the old database is kept in the same folder
    Restore(RestoreArgs),
    /// Migrate the database to this version, as the server does when it starts
    Migrate(SettingsArgs),
    /// Rebuild the search index and the counts; a server may be running
    Rebuild(SettingsArgs),
    /// Return the space of removed rows to the file system
    Vacuum(SettingsArgs),
}

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// File to write
    file: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    settings: SettingsArgs,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// File of the backup
    file: PathBuf,
    /// Confirm that the database is replaced
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    settings: SettingsArgs,
}

pub(super) fn run(command: DatabaseCommand, environment: &Environment) -> Result<(), Failure> {
    match command {
        DatabaseCommand::Check(settings) => check(&file(&environment.sources(settings), &CHECK)?),
        DatabaseCommand::Backup(args) => {
            let sources = environment.sources(args.settings);
            let path = file(&sources, &BACKUP)?;
            let made = maintenance::backup(&path, &args.file, args.force).map_err(refused)?;
            print(&format!("{}: {}", args.file.display(), contents(&made.checked)))
        }
        DatabaseCommand::Restore(args) => {
            let sources = environment.sources(args.settings);
            let path = file(&sources, &RESTORE)?;
            if !args.yes {
                let line = format!(
                    "restore replaces {} with {}, and keeps the old database: confirm with --yes",
                    path.display(),
                    args.file.display()
                );
                return Err(Failure::new(USAGE, line));
            }
            let restored = maintenance::restore(&path, &args.file).map_err(refused)?;
            let kept =
                restored.kept.map(|kept| format!("; the old database is {}", kept.display()));
            let kept = kept.unwrap_or_default();
            let path = restored.database.display();
            print(&format!("{path}: {}{kept}", contents(&restored.checked)))
        }
        DatabaseCommand::Migrate(settings) => {
            let path = file(&environment.sources(settings), &MIGRATE)?;
            let migrated = maintenance::migrate(&path).map_err(refused)?;
            print(&format!("{}: {}", path.display(), migration(&migrated)))
        }
        DatabaseCommand::Rebuild(settings) => {
            let path = file(&environment.sources(settings), &REBUILD)?;
            report(&path, &maintenance::rebuild(&path).map_err(refused)?)
        }
        DatabaseCommand::Vacuum(settings) => {
            let path = file(&environment.sources(settings), &VACUUM)?;
            let done = maintenance::vacuum(&path).map_err(refused)?;
            let (path, before, after) = (path.display(), done.before, done.after);
            print(&format!("{path}: {before} bytes before, {after} bytes after"))
        }
    }
}

fn check(path: &Path) -> Result<(), Failure> {
    report(path, &maintenance::check(path).map_err(refused)?)
}

/// Prints the result of a check.
fn report(path: &Path, checked: &Checked) -> Result<(), Failure> {
    if checked.faults.is_empty() {
        return print(&format!("{}: {}", path.display(), contents(checked)));
    }
    print(&checked.faults.join("\n"))?;
    let mut line = format!("the database {} has faults: {}", path.display(), checked.faults.len());
    if checked.derived > 0 {
        let of = if checked.derived == checked.faults.len() { "all" } else { "some" };
        let hint = "in the search index or the counts: repair them with mcp-server db rebuild";
        line.extend([", ", of, " ", hint]);
    }
    Err(Failure::new(REFUSED, line))
}

/// Describes a database without faults.
fn contents(checked: &Checked) -> String {
    let [users, tasks, config, logs] = checked.rows;
    let ours = if checked.is_newest {
        "integrity, references and consistency are correct"
    } else {
        "integrity and references are correct; consistency is checked after a migration only"
    };
    format!(
        "{ours}: {} bytes, version {}, {users} users, {tasks} tasks, {config} configuration keys, \
         {logs} log entries",
        checked.bytes, checked.version
    )
}

fn migration(migrated: &Migrated) -> String {
    let to = &migrated.to;
    match &migrated.from {
        Origin::Nothing => format!("made, at version {to}"),
        Origin::FirstService => format!("migrated from the first service to version {to}"),
        Origin::Version(from) if from == to => format!("is at version {to}: nothing to do"),
        Origin::Version(from) => format!("migrated from version {from} to version {to}"),
    }
}

/// Advice for a database that is not a file.
struct Instead {
    /// For a database in the server's memory.
    memory: &'static str,
    /// For PostgreSQL, which has its own tools.
    postgres: &'static str,
}

const CHECK: Instead =
    Instead { memory: "there is nothing to check", postgres: "check it with pg_amcheck --all" };
const BACKUP: Instead = Instead {
    memory: "print its contents with mcp-server state",
    postgres: "back it up with pg_dump --format=custom",
};
const RESTORE: Instead =
    Instead { memory: "set DATABASE_URL to a file", postgres: "restore it with pg_restore" };
const MIGRATE: Instead = Instead {
    memory: "the server makes its tables when it starts",
    postgres: "the server migrates it when it starts",
};
const REBUILD: Instead = Instead {
    memory: "restart the server",
    postgres: "rebuild its indexes with REINDEX DATABASE CONCURRENTLY",
};
const VACUUM: Instead = Instead {
    memory: "its space is freed when the server ends",
    postgres: "it vacuums itself; vacuumdb --analyze does it at once",
};

/// Returns the database's file.
///
/// # Errors
/// Returns the advice if the database is not a file.
fn file(sources: &Sources, instead: &Instead) -> Result<PathBuf, Failure> {
    let settings = Settings::load(sources).map_err(|error| Failure::new(USAGE, error))?;
    let scheme = settings.database_url.as_str().split("://").next().unwrap_or_default();
    if matches!(scheme, "postgres" | "postgresql") {
        let line = format!("the database is in PostgreSQL: {}", instead.postgres);
        return Err(Failure::new(USAGE, line));
    }
    if let Location::File(path) = location(&settings, sources)? {
        return Ok(path);
    }
    let line = format!("the database is in the server's memory: {}", instead.memory);
    Err(Failure::new(USAGE, line))
}

fn refused(error: MaintenanceError) -> Failure {
    Failure::new(REFUSED, error)
}
