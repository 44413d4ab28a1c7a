//! Tasks: adding, listing, changing, deleting and searching them.

use serde_json::{Value, json};
use service_tests::TestServer;

/// Starts a server with four tasks.
fn server_with_tasks() -> TestServer {
    let server = TestServer::start();
    for task in [
        json!({ "title": "Write the API guide", "priority": "high", "assigned_to": "alice" }),
        json!({ "title": "Fix login", "description": "Expires early", "status": "in_progress", "assigned_to": "bob" }),
        json!({ "title": "Write tests", "priority": "low", "status": "completed", "assigned_to": "alice" }),
        json!({ "title": "Deploy", "description": "Push the GUIDE" }),
    ] {
        let _ = server.data("add_task", task);
    }
    server
}

/// Returns the ids of the tasks in an action's response.
fn ids(server: &TestServer, action: &str, params: Value) -> Vec<u64> {
    let tasks = server.data(action, params);
    tasks
        .as_array()
        .expect("a list")
        .iter()
        .map(|task| task["id"].as_u64().expect("an id"))
        .collect()
}

#[test]
fn a_task_has_every_field_and_its_default() {
    let server = TestServer::start();
    let mut task = server.data("add_task", json!({ "title": "Only a title" }));
    assert_eq!(task["created_at"], task["updated_at"]);
    task["created_at"] = Value::Null;
    task["updated_at"] = Value::Null;
    let wanted = r#"{"id":1,"title":"Only a title","description":"","priority":"medium","status":"pending","assigned_to":null,"created_at":null,"updated_at":null}"#;
    assert_eq!(task.to_string(), wanted);
}

#[test]
fn null_counts_as_left_out_when_a_task_is_added() {
    let server = TestServer::start();
    let nulls = json!({
        "title": "t", "description": null, "priority": null, "status": null, "assigned_to": null,
    });
    let task = server.data("add_task", nulls);
    assert_eq!(task["description"], "");
    assert_eq!(task["priority"], "medium");
    assert_eq!(task["status"], "pending");
    assert_eq!(task["assigned_to"], Value::Null);
}

#[test]
fn a_title_is_required() {
    let server = TestServer::start();
    let without = [
        json!({}),
        json!({ "title": "" }),
        json!({ "title": null }),
        json!({ "description": "no title" }),
    ];
    for params in without {
        assert_eq!(server.refusal("add_task", params.clone()), "title is required", "{params}");
    }
    assert_eq!(server.data("list_tasks", json!({})), json!([]));
}

#[test]
fn any_word_is_a_priority_and_a_status() {
    let server = TestServer::start();
    let task =
        server.data("add_task", json!({ "title": "t", "priority": "P0", "status": "on ice" }));
    assert_eq!((&task["priority"], &task["status"]), (&json!("P0"), &json!("on ice")));
    assert_eq!(ids(&server, "list_tasks", json!({ "status": "on ice" })), [1]);
}

#[test]
fn tasks_are_listed_in_order_and_narrowed_by_status_and_user() {
    let server = server_with_tasks();
    let cases: [(Value, &[u64]); 9] = [
        (json!({}), &[1, 2, 3, 4]),
        (json!({ "status": "pending" }), &[1, 4]),
        (json!({ "assigned_to": "alice" }), &[1, 3]),
        (json!({ "assigned_to": "alice", "status": "completed" }), &[3]),
        (json!({ "assigned_to": "bob", "status": "completed" }), &[]),
        (json!({ "status": "PENDING" }), &[]),
        (json!({ "status": "nope" }), &[]),
        (json!({ "status": null, "assigned_to": null }), &[1, 2, 3, 4]),
        (json!({ "unknown": "ignored" }), &[1, 2, 3, 4]),
    ];
    for (params, wanted) in cases {
        assert_eq!(ids(&server, "list_tasks", params.clone()), wanted, "{params}");
    }
}

#[test]
fn an_update_changes_what_is_named_and_nothing_else() {
    let server = server_with_tasks();
    let before = server.data("list_tasks", json!({}));
    let changed = server.data("update_task", json!({ "task_id": 1, "status": "completed" }));
    let mut wanted = before[0].clone();
    wanted["status"] = "completed".into();
    wanted["updated_at"] = changed["updated_at"].clone();
    assert_eq!(changed, wanted);
    let times = [&before[0]["updated_at"], &changed["updated_at"]];
    assert!(times[0].as_str() <= times[1].as_str(), "{times:?}");
    let after = server.data("list_tasks", json!({}));
    assert_eq!(after[0], changed);
    assert_eq!(after.as_array().expect("a list")[1..], before.as_array().expect("a list")[1..]);
}

#[test]
fn every_field_of_a_task_can_be_changed() {
    let server = TestServer::start();
    let _ = server.data("add_task", json!({ "title": "t", "assigned_to": "alice" }));
    for (field, value) in [
        ("title", "another"),
        ("description", "more"),
        ("description", ""),
        ("priority", "high"),
        ("status", "in_progress"),
        ("assigned_to", "bob"),
        ("assigned_to", ""),
    ] {
        let changed = server.data("update_task", json!({ "task_id": 1, field: value }));
        assert_eq!(changed[field], value, "{field}");
        assert_eq!(server.data("list_tasks", json!({}))[0], changed, "{field}");
    }
    let freed = server.data("update_task", json!({ "task_id": 1, "assigned_to": null }));
    assert_eq!(freed["assigned_to"], Value::Null);
}

#[test]
fn a_title_is_never_taken_away() {
    let server = TestServer::start();
    let task = server.data("add_task", json!({ "title": "t" }));
    for title in [json!(""), json!(null)] {
        let refusal = server.refusal("update_task", json!({ "task_id": 1, "title": title }));
        assert!(refusal.starts_with("title "), "{refusal}");
    }
    assert_eq!(server.data("list_tasks", json!({})), json!([task]));
}

#[test]
fn a_task_that_is_not_there_is_named() {
    let server = TestServer::start();
    for action in ["update_task", "delete_task"] {
        assert_eq!(server.refusal(action, json!({})), "task_id is required");
        assert_eq!(server.refusal(action, json!({ "task_id": null })), "task_id is required");
        // As in the first service, 0 counts as absent.
        assert_eq!(server.refusal(action, json!({ "task_id": 0 })), "task_id is required");
        for id in [json!(99), json!(-1), json!(i64::MAX), json!(i64::MIN)] {
            let refusal = server.refusal(action, json!({ "task_id": id }));
            assert_eq!(refusal, format!("Task {id} not found"), "{action}");
        }
    }
}

#[test]
fn a_deleted_task_is_gone_and_its_number_is_never_given_again() {
    let server = TestServer::start();
    for title in ["a", "b", "c"] {
        let _ = server.data("add_task", json!({ "title": title }));
    }
    for id in [3, 1] {
        let deleted = server.data("delete_task", json!({ "task_id": id }));
        assert_eq!(deleted, json!({ "task_id": id, "deleted": true }));
        let refusal = server.refusal("delete_task", json!({ "task_id": id }));
        assert_eq!(refusal, format!("Task {id} not found"));
    }
    assert_eq!(server.data("add_task", json!({ "title": "d" }))["id"], 4);
    let stopped = { server.stop() };
    let again = TestServer::with([]).in_folder(&stopped.folder).start();
    let _ = again.data("delete_task", json!({ "task_id": 4 }));
    assert_eq!(again.data("add_task", json!({ "title": "e" }))["id"], 5);
    assert_eq!(ids(&again, "list_tasks", json!({})), [2, 5]);
}

#[test]
fn a_search_finds_a_text_in_title_or_description_whatever_the_case() {
    let server = server_with_tasks();
    let cases: [(&str, &[u64]); 7] = [
        ("guide", &[1, 4]),
        ("GUIDE", &[1, 4]),
        ("write", &[1, 3]),
        ("early", &[2]),
        ("api guide", &[1]),
        ("nothing like it", &[]),
        ("", &[1, 2, 3, 4]),
    ];
    for (query, wanted) in cases {
        assert_eq!(ids(&server, "search_tasks", json!({ "query": query })), wanted, "{query}");
    }
    assert_eq!(ids(&server, "search_tasks", json!({})), [1, 2, 3, 4]);
}
