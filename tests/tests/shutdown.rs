//! `SIGTERM`: in-flight requests are finished, and the database file alone contains all data.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::process::Signal;
use serde_json::json;
use service_tests::{Stopped, TestServer};

const BODY: &[u8] = br#"{"action":"add_task","params":{"title":"late"}}"#;

/// Returns the head of a call with [`BODY`] that expects `100 Continue`.
fn head(server: &TestServer) -> Vec<u8> {
    let fields = format!("Content-Length: {}\r\nExpect: 100-continue", BODY.len());
    let host = server.address();
    format!("POST /api/v1/query HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n\r\n").into_bytes()
}

/// Asserts that a server ended with success, and with its database in one file.
fn assert_clean(stopped: &Stopped) {
    assert_eq!(stopped.status.code(), Some(0), "{}", stopped.stderr);
    assert!(!stopped.stderr.contains("panicked"), "{}", stopped.stderr);
    let names = fs::read_dir(stopped.folder.path()).expect("the folder");
    let names: Vec<_> = names.map(|file| file.expect("a file").file_name()).collect();
    assert_eq!(names, ["memory.db"], "{}", stopped.stderr);
}

#[test]
fn a_server_that_nobody_uses_stops_and_leaves_its_database_in_one_file() {
    let server = TestServer::start();
    let _ = server.data("add_user", json!({ "username": "alice" }));
    let mut idle = server.connect();
    idle.send(&server.request("GET", "/live").bytes());
    assert_eq!(idle.response().expect("an answer").status, 200);
    let stopped = server.stop();
    assert_clean(&stopped);
    assert!(idle.is_ended());
    let again = TestServer::with([]).in_folder(&stopped.folder).start();
    assert_eq!(again.data("list_users", json!({})), json!(["alice"]));
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_is_closed_stops_the_server_as_it_should() {
    for signal in [Signal::HUP, Signal::QUIT, Signal::INT] {
        let server = TestServer::start();
        let _ = server.data("add_user", json!({ "username": "alice" }));
        server.signal(signal);
        assert_clean(&server.wait());
    }
}

#[test]
fn a_server_that_is_to_outlive_its_terminal_does() {
    let server = TestServer::with([]).through(["nohup"]).start();
    server.signal(Signal::HUP);
    let _ = server.data("add_user", json!({ "username": "alice" }));
    assert!(!server.stderr().contains("stopping"), "{}", server.stderr());
    assert_clean(&server.stop());
}

#[test]
fn a_server_that_has_just_said_that_it_is_there_stops_as_it_should() {
    for _ in 0..10 {
        assert_clean(&TestServer::start().stop());
    }
}

#[test]
fn a_request_in_flight_is_answered_before_the_server_ends() {
    let server = TestServer::start();
    let mut connection = server.connect();
    connection.send(&head(&server));
    assert_eq!(connection.response().expect("leave to go on").status, 100);
    server.terminate();
    // Before this log line the server may not have noticed the signal.
    while !server.stderr().contains("stopping") {
        thread::yield_now();
    }
    connection.send(BODY);
    let answer = connection.response().expect("an answer");
    assert_eq!(answer.data()["id"], 1);
    let stopped = server.wait();
    assert_clean(&stopped);
    let again = TestServer::with([]).in_folder(&stopped.folder).start();
    assert_eq!(again.data("list_tasks", json!({}))[0]["title"], "late");
}

#[test]
fn a_request_that_never_ends_does_not_keep_the_server() {
    let server = TestServer::start();
    let mut connection = server.connect();
    connection.send(&head(&server));
    assert_eq!(connection.response().expect("leave to go on").status, 100);
    assert_clean(&server.stop());
}

#[test]
fn under_load_every_request_that_was_sent_is_answered_and_every_answer_is_kept() {
    let server = TestServer::start();
    let request = server
        .post("/api/v1/query")
        .json(&json!({ "action": "add_task", "params": { "title": "t" } }))
        .bytes();
    let signalled = AtomicBool::new(false);
    let answered: Vec<u64> = thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = server.connect();
                    let mut ids = Vec::new();
                    loop {
                        let is_before = !signalled.load(Ordering::SeqCst);
                        if connection.try_send(&request).is_err() {
                            break;
                        }
                        match connection.response() {
                            Ok(answer) => ids.push(answer.data()["id"].as_u64().expect("an id")),
                            Err(error) => {
                                assert!(!is_before, "a request before the signal failed: {error}");
                                break;
                            }
                        }
                    }
                    ids
                })
            })
            .collect();
        while server.get("/api/v1/state?entity=tasks&limit=0").data()["total"].as_u64() < Some(200)
        {
        }
        signalled.store(true, Ordering::SeqCst);
        server.terminate();
        clients.into_iter().flat_map(|client| client.join().expect("a client")).collect()
    });
    let stopped = server.wait();
    assert_clean(&stopped);
    let again = TestServer::with([]).in_folder(&stopped.folder).start();
    let tasks = again.data("list_tasks", json!({}));
    let stored: Vec<u64> = tasks
        .as_array()
        .expect("a list")
        .iter()
        .map(|task| task["id"].as_u64().expect("an id"))
        .collect();
    assert!(answered.len() >= 200);
    let lost: Vec<_> = answered.iter().filter(|id| !stored.contains(id)).collect();
    assert!(lost.is_empty(), "answered writes are lost: {lost:?}");
}

#[test]
fn what_was_answered_survives_a_kill() {
    let server = TestServer::start();
    for number in 1..=20 {
        let task = server.data("add_task", json!({ "title": "t" }));
        assert_eq!(task["id"], number);
    }
    let folder = server.keep_folder();
    drop(server); // SIGKILL
    let again = TestServer::with([]).in_folder(&folder).start();
    assert_eq!(again.data("list_tasks", json!({})).as_array().map(Vec::len), Some(20));
    assert_eq!(again.data("add_task", json!({ "title": "t" }))["id"], 21);
}
