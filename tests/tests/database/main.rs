//! `mcp-server db`: the database file, with and without a running server.

mod backup;
mod check;
mod rebuild;
mod restore;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use service_tests::{Command, Output, TestServer};
use tempfile::TempDir;

pub(crate) fn folder() -> Arc<TempDir> {
    Arc::new(tempfile::tempdir().expect("a folder"))
}

/// Creates a database command for `memory.db` in a folder.
pub(crate) fn db<const N: usize>(folder: &Path, arguments: [&str; N]) -> Output {
    let command = Command::new(["db"].into_iter().chain(arguments));
    command.folder(folder).env("DATABASE_URL", "memory.db").run()
}

/// Runs a database command that succeeds, and returns its line of output.
pub(crate) fn run<const N: usize>(folder: &Path, arguments: [&str; N]) -> String {
    let output = db(folder, arguments);
    assert_eq!((output.exit, output.stderr.as_str()), (Some(0), ""), "{output:?}");
    assert_eq!(output.stdout.lines().count(), 1, "{output:?}");
    output.stdout.trim_end().to_owned()
}

/// Returns the sorted file names of a folder.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).expect("the folder");
    let name = |file: std::io::Result<fs::DirEntry>| file.expect("a file").file_name();
    let mut names: Vec<_> = files.map(|file| name(file).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Returns a folder with the database of a stopped server, with this many tasks.
pub(crate) fn stopped(tasks: u64) -> Arc<TempDir> {
    let server = TestServer::start();
    for number in 1..=tasks {
        let _ = server.data("add_task", json!({ "title": format!("task {number}") }));
    }
    server.stop().folder
}
