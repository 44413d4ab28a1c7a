//! `db migrate`, `db vacuum` and `db rebuild`, and damage to the search index.

use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use service_tests::TestServer;
use tempfile::TempDir;

use crate::{db, folder, run, stopped};

#[test]
fn a_migration_says_from_what_to_what() {
    let folder = folder();
    assert!(run(folder.path(), ["migrate"]).contains("made, at version 2"));
    assert!(run(folder.path(), ["migrate"]).contains("nothing to do"));
    assert!(run(folder.path(), ["check"]).contains("2 configuration keys"));
    let server = TestServer::with([]).in_folder(&folder).start();
    assert_eq!(server.data("list_tasks", json!({})), json!([]));
    assert!(run(folder.path(), ["migrate"]).contains("nothing to do"), "also while it runs");
}

#[test]
fn a_vacuum_gives_room_back_also_while_the_server_runs() {
    let server = TestServer::start();
    let long = "x".repeat(100_000);
    for _ in 0..20 {
        let _ = server.data("add_user", json!({ "username": "u", "metadata": { "long": long } }));
        let _ = server.data("remove_user", json!({ "username": "u" }));
        let _ = server.data("add_task", json!({ "title": "t", "description": long }));
    }
    for id in 1..=20 {
        let _ = server.data("delete_task", json!({ "task_id": id }));
    }
    let line = run(server.folder(), ["vacuum"]);
    let numbers: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
    assert!(numbers[0] > 2_000_000 && numbers[1] < numbers[0] / 4, "{line}");
    assert_eq!(server.data("add_task", json!({ "title": "t" }))["id"], 21);
    assert!(run(server.folder(), ["check"]).contains("1 tasks"));
}

/// Returns a folder with a database of 50 tasks whose search index has a zeroed structure record.
fn with_damaged_index() -> Arc<TempDir> {
    let folder = stopped(50);
    assert!(run(folder.path(), ["rebuild"]).contains("50 tasks"));
    let path = folder.path().join("memory.db");
    let mut bytes = fs::read(&path).expect("the database");
    // A structure record has this mark after its first four bytes.
    let mark = [0xff, 0, 0, 1];
    let marks: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(&mark)).collect();
    assert!(!marks.is_empty());
    for at in marks {
        bytes[at..at + 7].fill(0);
    }
    fs::write(&path, bytes).expect("written");
    folder
}

#[test]
fn a_damaged_search_index_is_named_and_rebuilt() {
    let folder = with_damaged_index();
    let output = db(folder.path(), ["check"]);
    assert_eq!(output.exit, Some(1), "{output:?}");
    assert!(output.stdout.contains("the search index: "), "{output:?}");
    assert!(output.stderr.contains("mcp-server db rebuild"), "{output:?}");
    assert!(run(folder.path(), ["rebuild"]).contains("50 tasks"));
    assert!(run(folder.path(), ["check"]).contains("50 tasks"));
}

#[test]
fn a_server_with_a_damaged_search_index_finds_every_task_and_rebuilds_it() {
    let folder = with_damaged_index();
    let server = TestServer::with([]).in_folder(&folder).start();
    let found = |query: &str| {
        let tasks = server.data("search_tasks", json!({ "query": query }));
        tasks.as_array().expect("a list").len()
    };
    assert_eq!([found("TASK"), found("task 50")], [50, 1]);
    let until = Instant::now() + Duration::from_mins(1);
    while db(server.folder(), ["check"]).exit != Some(0) {
        assert!(Instant::now() < until, "{:?}", db(server.folder(), ["check"]));
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!([found("TASK"), found("task 50")], [50, 1]);
    assert!(run(server.folder(), ["rebuild"]).contains("50 tasks"), "also while it runs");
    assert_eq!([found("TASK"), found("task 50")], [50, 1]);
}
