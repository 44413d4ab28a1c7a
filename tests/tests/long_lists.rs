//! Long lists: they are sent in parts while they are read, complete and in order.

use serde_json::{Value, json};
use service_tests::{Response, TestServer};

/// The number of tasks and the bytes of each: in total more than the socket buffers take.
const TASKS: usize = 60;
const BYTES: usize = 200_000;

fn filled() -> TestServer {
    let server = TestServer::with([("MCP_BODY_TIMEOUT", "600")]).start();
    let _ = server.data("add_user", json!({ "username": "ana" }));
    for number in 1..=TASKS {
        let status = if number % 2 == 0 { "completed" } else { "pending" };
        let description = format!("{number} ").repeat(BYTES / 4);
        let assigned_to = if number % 2 == 0 { "bob" } else { "ana" };
        let task = json!({
            "title": number.to_string(), "description": description, "status": status,
            "assigned_to": assigned_to,
        });
        assert_eq!(server.call("add_task", task).status, 200);
    }
    server
}

fn is_sent_in_pieces(answer: &Response) -> bool {
    answer.header("transfer-encoding") == Some("chunked")
        && answer.header("content-length").is_none()
}

/// Returns the titles of a list of tasks.
fn titles(tasks: &Value) -> Vec<usize> {
    let tasks = tasks.as_array().expect("a list");
    tasks.iter().map(|task| task["title"].as_str().expect("a title").parse().expect("it")).collect()
}

#[test]
fn a_long_list_is_whole_and_in_order_wherever_it_is_shown() {
    let server = filled();
    let all: Vec<usize> = (1..=TASKS).collect();
    let odd: Vec<usize> = (1..=TASKS).step_by(2).collect();

    let answer = server.call("list_tasks", json!({}));
    assert!(is_sent_in_pieces(&answer));
    assert_eq!(titles(&answer.data()), all);
    let envelope = answer.json();
    let members: Vec<_> = envelope.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["success", "data", "message", "timestamp"]);
    assert_eq!(envelope["message"], "Action 'list_tasks' completed successfully");

    let user = server.call("get_user", json!({ "username": "ana" }));
    assert!(is_sent_in_pieces(&user));
    let user = user.data();
    let members: Vec<_> = user.as_object().expect("an object").keys().collect();
    let described = ["role", "metadata", "created_at", "updated_at"];
    assert_eq!(
        members,
        [&["username", "exists"][..], &described, &["task_count", "tasks"]].concat()
    );
    assert_eq!(user["task_count"], TASKS / 2);
    assert_eq!(titles(&user["tasks"]), odd);

    assert_eq!(titles(&server.data("list_tasks", json!({ "status": "pending" }))), odd);
    // Two characters are searched in every row, three in the index.
    assert_eq!(titles(&server.data("search_tasks", json!({ "query": "1 " }))).len(), 6);
    assert_eq!(titles(&server.data("search_tasks", json!({ "query": "9 59 5" }))), [59]);

    let state = server.get("/api/v1/state");
    assert!(is_sent_in_pieces(&state));
    assert_eq!(titles(&state.data()["tasks"]), all);
    assert_eq!(state.data()["stats"]["total_tasks"], TASKS);

    let page = server.get("/api/v1/state?entity=tasks&status=pending&offset=3&limit=20").data();
    assert_eq!(titles(&page["tasks"]), odd[3..23]);
    assert_eq!((&page["count"], &page["total"]), (&json!(20), &json!(TASKS / 2)));
    assert_eq!(page["filtered_by_status"], "pending");

    let logs = server.get("/api/v1/logs").data();
    let entries = logs.as_array().expect("a list");
    assert_eq!(entries.last().expect("an entry")["action"], "search_tasks");
}

#[test]
fn clients_that_leave_their_long_answers_unread_hold_nobody_up() {
    let server = filled();
    // More slow clients than the database has readers.
    let mut slow: Vec<_> = (0..6)
        .map(|_| {
            let mut connection = server.connect();
            connection.send(b"GET /api/v1/state HTTP/1.1\r\nHost: localhost\r\n\r\n");
            connection.wait_for_response();
            connection
        })
        .collect();
    for number in 0..20 {
        let _ = server.data("add_user", json!({ "username": number.to_string() }));
        assert_eq!(server.data("list_users", json!({})).as_array().map(Vec::len), Some(number + 2));
    }
    for connection in &mut slow {
        let answer = connection.response().expect("an answer");
        assert_eq!(titles(&answer.data()["tasks"]).len(), TASKS, "a slow response is complete");
    }
}
