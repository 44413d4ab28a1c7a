//! The lean API: queries, handles, batches and the log over `/api/v2`.

mod batches;
mod handles;
mod logs;
mod queries;

use serde_json::{Value, json};
use service_tests::{Response, TestServer};

pub(crate) fn query(server: &TestServer, query: &Value) -> Response {
    server.post("/api/v2/query").json(query).send()
}

pub(crate) fn json_of(server: &TestServer, asked: &Value) -> Value {
    let answer = query(server, asked);
    assert_eq!(answer.status, 200, "{asked}: {}", answer.text());
    answer.json()
}

pub(crate) fn add_tasks(server: &TestServer, count: usize) {
    for number in 1..=count {
        let priority = ["low", "medium", "high"][number % 3];
        let params = json!({ "title": format!("Task {number}"), "priority": priority });
        let _ = server.data("add_task", params);
    }
}
