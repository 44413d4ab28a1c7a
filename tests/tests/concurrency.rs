//! Many concurrent clients: every write is stored once, and every client reads the answered writes.

use std::collections::BTreeSet;
use std::thread;

use serde_json::{Value, json};
use service_tests::TestServer;

const CLIENTS: usize = 64;
const EACH: usize = 25;

/// Runs `work` in each of many threads and returns the results.
fn at_once<T: Send>(work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let work = &work;
        let clients: Vec<_> =
            (0..CLIENTS).map(|client| scope.spawn(move || work(client))).collect();
        clients.into_iter().map(|client| client.join().expect("a client")).collect()
    })
}

#[test]
fn tasks_of_many_clients_have_numbers_without_gaps_and_are_all_there() {
    let server = TestServer::start();
    let ids: Vec<u64> = at_once(|client| {
        let mut connection = server.connect();
        let add = |number: usize| {
            let title = format!("{client}-{number}");
            let body = json!({ "action": "add_task", "params": { "title": title } });
            connection.send(&server.post("/api/v1/query").json(&body).bytes());
            let task = connection.response().expect("an answer").data();
            assert_eq!(task["title"], title);
            task["id"].as_u64().expect("an id")
        };
        (0..EACH).map(add).collect::<Vec<u64>>()
    })
    .concat();
    let distinct: BTreeSet<u64> = ids.iter().copied().collect();
    assert_eq!(distinct.len(), CLIENTS * EACH);
    assert_eq!(distinct, (1..=(CLIENTS * EACH) as u64).collect());
    let tasks = server.data("list_tasks", json!({}));
    let tasks = tasks.as_array().expect("a list");
    let titles: BTreeSet<&str> = tasks.iter().filter_map(|task| task["title"].as_str()).collect();
    assert_eq!((tasks.len(), titles.len()), (CLIENTS * EACH, CLIENTS * EACH));
}

#[test]
fn of_many_clients_that_want_one_name_one_gets_it() {
    let server = TestServer::start();
    for name in ["a", "b", "c"] {
        let statuses = at_once(|_| server.call("add_user", json!({ "username": name })).status);
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 400).count(), CLIENTS - 1);
    }
    assert_eq!(server.data("list_users", json!({})), json!(["a", "b", "c"]));
}

#[test]
fn of_many_clients_that_delete_one_task_one_does() {
    let server = TestServer::start();
    let _ = server.data("add_task", json!({ "title": "t" }));
    let statuses = at_once(|_| server.call("delete_task", json!({ "task_id": 1 })).status);
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
}

#[test]
fn everybody_reads_what_was_answered_before() {
    let server = TestServer::start();
    at_once(|client| {
        for number in 0..5 {
            let key = format!("{client}-{number}");
            let _ = server.data("update_config", json!({ "key": key, "value": number }));
            assert_eq!(server.data("get_config", json!({ "key": key })), json!({ key: number }));
        }
        let name = format!("user-{client}");
        let _ = server.data("get_user", json!({ "username": name }));
        let logs = server.get("/api/v1/logs").data();
        let is_mine = |entry: &Value| entry["payload"]["params"]["username"] == name;
        assert!(logs.as_array().expect("a list").iter().any(is_mine), "{name}");
    });
}

#[test]
fn every_call_of_many_clients_has_its_entry() {
    let server = TestServer::with([("MCP_LOG_RETENTION", "100000")]).start();
    at_once(|client| {
        for number in 0..EACH {
            let name = format!("{client}-{number}");
            let action = if number % 2 == 0 { "add_user" } else { "get_user" };
            let _ = server.data(action, json!({ "username": name }));
        }
    });
    let logs = server.get("/api/v1/logs").data();
    let names: BTreeSet<&str> = logs
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|entry| entry["payload"]["params"]["username"].as_str())
        .collect();
    assert_eq!(logs.as_array().map(Vec::len), Some(CLIENTS * EACH));
    assert_eq!(names.len(), CLIENTS * EACH);
}
