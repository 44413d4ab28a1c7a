//! The log of calls as an action.

use serde_json::json;
use service_tests::TestServer;

use crate::{add_tasks, json_of, query};

#[test]
fn the_log_is_an_action_too() {
    let server = TestServer::start();
    add_tasks(&server, 3);
    assert_eq!(server.call("add_task", json!({})).status, 400);
    let failed = server.data("list_logs", json!({ "status": "error" }));
    assert_eq!(failed[0]["payload"]["result"], "title is required");
    let newest = server.data("list_logs", json!({ "action": "add_task", "limit": 2 }));
    assert_eq!(newest.as_array().map(Vec::len), Some(2));
    assert_eq!(newest[0]["id"], 4);
    let older = server.data("list_logs", json!({ "before": 4, "limit": 1 }));
    assert_eq!(older[0]["id"], 3);
    let refusal = server.refusal("list_logs", json!({ "status": "bad" }));
    assert_eq!(refusal, "status must be success or error");
}

#[test]
fn a_log_with_deep_nesting_is_read() {
    let server = TestServer::start();
    let deep = format!("{}{}", "[".repeat(120), "]".repeat(120));
    let body = |x: &str| format!(r#"{{"action":"list_users","params":{{"x":{x}}}}}"#);
    assert_eq!(server.post("/api/v1/query").json_text(body(&deep)).send().status, 200);
    let refusal = server.post("/api/v1/query").json_text(body("1e400")).send().refusal(400);
    assert!(refusal.starts_with("params.x is outside the range of a double"), "{refusal}");
    let logs = json!({"action": "list_logs", "fields": "action,payload.params.x"});
    let logs = json_of(&server, &logs)["data"].take();
    assert_eq!(logs[0]["payload"]["params"]["x"].to_string(), deep);
    let list = json!({"name": "list_logs", "arguments": {"limit": 2}});
    let client = server.protocol("2025-11-25").query("tools=all");
    let logs = client.result("tools/call", list);
    assert_eq!(logs["isError"], false, "{logs}");
}

#[test]
fn the_size_of_a_page_is_checked_as_v1_checks_it() {
    let server = TestServer::start();
    for wrong in [json!("x"), json!(true), json!([]), json!(1.5), json!(-1), json!(0), json!(1001)]
    {
        let asked = json!({"action": "list_logs", "params": {"limit": wrong}});
        let answer = query(&server, &asked);
        assert_eq!(answer.status, 400, "{asked}: {}", answer.text());
        assert!(answer.text().contains("limit"), "{}", answer.text());
    }
}
