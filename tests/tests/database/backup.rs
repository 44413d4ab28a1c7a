//! `db backup`.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::json;
use service_tests::TestServer;

use crate::{db, names, run, stopped};

#[test]
fn a_backup_under_load_is_whole_and_has_everything_that_was_answered_before() {
    let server = TestServer::start();
    let body = json!({ "action": "add_task", "params": { "title": "t" } });
    let request = server.post("/api/v1/query").json(&body).bytes();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut connection = server.connect();
                while !done.load(Ordering::Relaxed) {
                    connection.send(&request);
                    assert_eq!(connection.response().expect("an answer").status, 200);
                }
            });
        }
        for number in 1..=3 {
            let last = server.data("add_task", json!({ "title": "last" }))["id"].as_u64();
            let name = format!("copy-{number}.db");
            let line = run(server.folder(), ["backup", &name]);
            let tasks = line.split_once(" users, ").and_then(|(_, rest)| rest.split_once(" tasks"));
            let tasks = tasks.and_then(|(tasks, _)| tasks.parse::<u64>().ok());
            assert!(tasks >= last, "{last:?} was answered before: {line}");
        }
        done.store(true, Ordering::Relaxed);
    });
    let stopped = server.stop();
    let copies = ["copy-1.db", "copy-2.db", "copy-3.db", "memory.db"];
    assert_eq!(names(stopped.folder.path()), copies);
}

#[test]
fn a_backup_never_overwrites_unless_it_is_told_to() {
    let folder = stopped(2);
    let copy = folder.path().join("copy.db");
    fs::write(&copy, "precious").expect("written");
    assert!(db(folder.path(), ["backup", "copy.db"]).refusal(1).contains("--force"));
    assert_eq!(fs::read(&copy).expect("a file"), b"precious");
    let _ = run(folder.path(), ["backup", "copy.db", "--force"]);
    assert_ne!(fs::read(&copy).expect("a file"), b"precious");
    for name in ["memory.db", "./memory.db", "memory.db-wal", "memory.db-shm"] {
        let output = db(folder.path(), ["backup", name, "--force"]);
        assert!(output.refusal(1).contains("the database itself"), "{name}");
    }
    assert!(db(folder.path(), ["backup", "no/such/copy.db"]).refusal(1).contains("No such file"));
    assert_eq!(names(folder.path()), ["copy.db", "memory.db"]);
}
