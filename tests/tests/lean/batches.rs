//! Batches: many steps in one call or in one transaction.

use serde_json::{Value, json};
use service_tests::TestServer;

use crate::json_of;

#[test]
fn a_batch_is_one_call_or_one_transaction() {
    let server = TestServer::start();
    let batch = |body: &Value| server.post("/api/v2/batch").json(body).send();
    let steps = json!([
        { "id": "a", "action": "add_task", "params": { "title": "Ship v1" } },
        { "id": "b", "action": "update_task",
          "params": { "task_id": { "$ref": "a.data.id" }, "status": "completed" } },
        { "id": "c", "action": "list_tasks", "params": { "status": "completed" }, "fields": "title" },
    ]);
    let answer = batch(&json!({ "steps": steps, "atomic": true, "return": ["last"] }));
    assert_eq!(answer.text(), r#"{"data":[{"id":"c","data":[{"title":"Ship v1"}]}]}"#);
    assert!(answer.header("x-tokens").is_some());
    let undone = json!({ "atomic": true, "steps": [
        { "id": "a", "action": "add_task", "params": { "title": "x" } },
        { "id": "b", "action": "add_user", "params": {} },
    ] });
    let refusal = batch(&undone);
    assert_eq!(refusal.status, 400);
    assert_eq!(refusal.json()["error"], "step b: username is required. Nothing was changed");
    assert_eq!(refusal.json()["signature"], "add_user(username, role?=user, metadata?)");
    assert_eq!(server.data("list_tasks", json!({})).as_array().map(Vec::len), Some(1));
    let remote = json!({ "atomic": true, "steps": [
        { "id": "a", "action": "add_task", "params": { "title": "x" } },
        { "id": "b", "action": "github_list_issues", "params": { "owner": "o", "repo": "r" } },
    ] });
    assert_eq!(batch(&remote).status, 400);
    assert_eq!(server.data("list_tasks", json!({})).as_array().map(Vec::len), Some(1));
    // A step reads the writes of the steps before it.
    let read = batch(&json!({ "atomic": true, "return": ["last"], "steps": [
        { "id": "a", "action": "add_user", "params": { "username": "ana" } },
        { "id": "b", "action": "update_task", "params": { "task_id": 1, "assigned_to": "ana" } },
        { "id": "c", "action": "get_user", "params": { "username": "ana" }, "fields": "task_count" },
    ] }));
    assert_eq!(read.text(), r#"{"data":[{"id":"c","data":{"task_count":1}}]}"#);
    // The action `batch` of v1 takes the same steps.
    let same = server.data("batch", json!({ "steps": steps, "return": ["b"] }));
    assert_eq!(same, json!([{ "id": "b", "data": { "id": 2 } }]));
    for (body, text) in [
        (json!({}), "steps is required"),
        (json!({ "steps": [], "max_tokens": 5 }), "max_tokens must be 0"),
        (json!([]), "params must be an object"),
    ] {
        let answer = batch(&body);
        assert_eq!(answer.status, 400, "{body}");
        let error = answer.json()["error"].clone();
        assert!(error.as_str().expect("a text").starts_with(text), "{body}: {error}");
    }
}

/// Returns an atomic batch whose last steps each read every task.
fn scanning(first: &Value, scans: usize) -> Value {
    let mut steps = vec![first.clone()];
    for number in 0..scans {
        steps.push(json!({ "id": format!("scan{number}"), "action": "list_tasks",
                           "filter": { "title": "none of them" }, "count": true }));
    }
    json!({ "atomic": true, "steps": steps, "return": ["last"] })
}

fn three_hundred_tasks(server: &TestServer) {
    for _ in 0..3 {
        let add = |number: usize| json!({ "id": format!("s{number}"), "action": "add_task", "params": { "title": "x" } });
        let steps: Vec<Value> = (0..100).map(add).collect();
        let answer = server.post("/api/v2/batch").json(&json!({ "steps": steps })).send();
        assert_eq!(answer.status, 200);
    }
}

#[test]
fn an_atomic_batch_that_writes_has_a_budget_and_one_that_reads_does_not_use_the_writer() {
    let server = TestServer::with([("MCP_BATCH_BUDGET", "10")]).start();
    three_hundred_tasks(&server);
    let add = json!({ "id": "add", "action": "add_task", "params": { "title": "y" } });
    let list = json!({ "id": "list", "action": "list_tasks", "count": true });
    let batch = |body: &Value| server.post("/api/v2/batch").json(body).send();
    let refusal = batch(&scanning(&add, 99));
    assert_eq!(refusal.status, 400);
    let error = refusal.json()["error"].as_str().expect("a text").to_owned();
    assert!(error.starts_with("step scan"), "{error}");
    assert!(error.contains("may take 10 ms (MCP_BATCH_BUDGET)"), "{error}");
    assert!(error.ends_with("Nothing was changed"), "{error}");
    let count = json!({ "action": "list_tasks", "count": true });
    assert_eq!(json_of(&server, &count)["data"], 300);
    // A step with a condition may write too, so it counts as a write.
    let mut skipped = add.clone();
    skipped["when"] = "list.data".into();
    let nothing = json!({ "id": "list", "action": "list_tasks", "params": { "status": "none" } });
    let mut body = scanning(&nothing, 98);
    body["steps"].as_array_mut().expect("a list").insert(1, skipped);
    assert!(batch(&body).json()["error"].as_str().expect("a text").contains("MCP_BATCH_BUDGET"));
    // The same holds over the Model Context Protocol.
    let asked = json!({ "action": "batch", "params": scanning(&add, 99) });
    let result = server.protocol("2025-11-25").tool("change", asked);
    assert_eq!(result["isError"], true, "{result}");
    assert!(result.to_string().contains("may take 10 ms (MCP_BATCH_BUDGET)"), "{result}");
    // A batch that only reads has more time.
    let read = batch(&scanning(&list, 19));
    assert_eq!((read.status, read.text()), (200, r#"{"data":[{"id":"scan18","data":0}]}"#));
    let asked = json!({ "action": "list_logs", "params": { "limit": 3 }, "fields": "action" });
    let logs = json_of(&server, &asked)["data"].take();
    let of = |name: &str| {
        logs.as_array().expect("a list").iter().filter(|log| log["action"] == name).count()
    };
    assert_eq!((of("list_tasks"), of("batch")), (2, 1), "{logs}");
    assert_eq!(json_of(&server, &count)["data"], 300);
}

#[test]
fn atomic_batches_of_one_caller_wait_for_each_other() {
    let server = TestServer::start();
    let batch = |number: usize| {
        let step = |step: usize| json!({ "id": format!("s{step}"), "action": "add_task", "params": { "title": format!("{number}") } });
        let steps: Vec<Value> = (0..3).map(step).collect();
        json!({ "atomic": true, "steps": steps, "return": ["last"] })
    };
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (server, body) = (&server, batch(number));
            scope.spawn(move || {
                let answer = server.post("/api/v2/batch").json(&body).send();
                assert_eq!(answer.status, 200, "{}", answer.text());
            });
        }
    });
    // The tasks of each batch are consecutive.
    let titles = json_of(&server, &json!({ "action": "list_tasks", "fields": "title" }));
    let titles: Vec<&Value> = titles["data"].as_array().expect("a list").iter().collect();
    assert_eq!(titles.len(), 24);
    assert!(titles.chunks(3).all(|three| three.iter().all(|title| *title == three[0])));
}
