//! The service on PostgreSQL. The other tests, run with `MCP_TEST_STORE=postgres`, and the recorded
//! contract show that it responds as on SQLite.

use std::thread;
use std::time::Duration;

use serde_json::json;
use service_tests::{Command, TestServer};
use test_postgres::{Database, Setup, Stop};

/// Repeats a request until it gets this status.
fn until(server: &TestServer, status: u16) {
    for _ in 0..3000 {
        if server.get("/ready").status == status {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("never {status}:\n{}", server.stderr());
}

#[test]
fn two_servers_share_a_database() {
    let database = Database::new();
    let start = || TestServer::with([("DATABASE_URL", database.url())]).start();
    let (one, other) = (start(), start());
    let _ = one.data("add_user", json!({ "username": "alice" }));
    let task = other.data("add_task", json!({ "title": "a\0b", "assigned_to": "alice" }));
    assert_eq!((&task["id"], &task["title"]), (&json!(1), &json!("a\0b")));
    let alice = one.data("get_user", json!({ "username": "alice" }));
    assert_eq!(alice["tasks"], json!([task]));
    assert_eq!(one.refusal("delete_task", json!({ "task_id": 2 })), "Task 2 not found");
    assert!(one.stop().status.success());
    assert_eq!(other.data("list_users", json!({})), json!(["alice"]));
}

#[test]
fn a_database_that_is_away_is_503_and_one_that_is_back_is_used_again() {
    let mut database = Database::in_own_server(Setup::default());
    let server = TestServer::with([("DATABASE_URL", database.url())]).start();
    let _ = server.data("add_task", json!({ "title": "kept" }));
    database.server().stop(Stop::Immediate);
    for (action, params) in [("add_task", json!({ "title": "t" })), ("list_tasks", json!({}))] {
        let answer = server.call(action, params);
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.header("Retry-After").is_some(), "{answer:?}");
    }
    until(&server, 503);
    assert_eq!(server.get("/live").status, 200);
    database.server().start_again();
    until(&server, 200);
    let tasks = server.data("list_tasks", json!({}));
    assert_eq!(tasks.as_array().map(Vec::len), Some(1));
    assert_eq!(server.data("add_task", json!({ "title": "next" }))["id"], 2);
}

#[test]
fn the_password_is_nowhere_to_be_seen() {
    let mut database = Database::in_own_server(Setup::default());
    let url = database.url().replace("mcp@", "mcp:hunter2@");
    let config = Command::new(["config"]).env("DATABASE_URL", &url).run();
    assert_eq!(config.exit, Some(0));
    assert!(config.stdout.contains("postgres://mcp:(hidden)@"), "{}", config.stdout);
    let server = TestServer::with([("DATABASE_URL", &*url), ("MCP_LOG_LEVEL", "trace")]).start();
    let _ = server.data("add_task", json!({ "title": "t" }));
    database.server().stop(Stop::Fast);
    let answer = server.call("add_task", json!({ "title": "t" }));
    assert_eq!(answer.status, 503);
    let stopped = server.stop();
    for text in [&stopped.stderr, &config.stdout, &config.stderr, &format!("{answer:?}")] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(stopped.stderr.contains("the database is postgres://mcp@"), "{}", stopped.stderr);

    let refused = Command::new(["start"]).env("DATABASE_URL", &url).env("MCP_PORT", "0").run();
    let line = refused.refusal(1);
    assert!(line.contains("cannot open the database postgres://mcp@"), "{line}");
    assert!(!line.contains("hunter2"), "{line}");
    let torn = Command::new(["start"]).env("DATABASE_URL", "postgres://mcp:hunter2/x@h/db").run();
    assert!(!torn.refusal(2).contains("hunter2"), "{torn:?}");
}

#[test]
fn without_the_extension_the_log_says_what_a_search_costs() {
    let mut database = Database::in_own_server(Setup::default());
    let name = database.name().to_owned();
    database.sql("CREATE ROLE plain LOGIN; GRANT ALL ON SCHEMA public TO plain");
    let url = database.server().url(&name).replace("mcp@", "plain@");
    let server = TestServer::with([("DATABASE_URL", &*url)]).start();
    assert!(server.stderr().contains("search_tasks reads every task"), "{}", server.stderr());
    let _ = server.data("add_task", json!({ "title": "100 %" }));
    let found = server.data("search_tasks", json!({ "query": "0 %" }));
    assert_eq!(found.as_array().map(Vec::len), Some(1));
}
