//! Users: adding, listing, getting and removing them.

use serde_json::json;
use service_tests::TestServer;

#[test]
fn users_are_listed_in_the_order_in_which_they_were_added() {
    let server = TestServer::start();
    assert_eq!(server.data("list_users", json!({})), json!([]));
    for name in ["zoe", "alice", "Bob", "bob"] {
        let added = server.data("add_user", json!({ "username": name }));
        assert_eq!(added, json!({ "username": name, "added": true }));
    }
    assert_eq!(server.data("list_users", json!({})), json!(["zoe", "alice", "Bob", "bob"]));
}

#[test]
fn a_name_is_given_once() {
    let server = TestServer::start();
    let _ = server.data("add_user", json!({ "username": "alice", "role": "admin" }));
    let refusal = server.refusal("add_user", json!({ "username": "alice", "role": "user" }));
    assert_eq!(refusal, "User alice already exists");
    assert_eq!(server.data("list_users", json!({})), json!(["alice"]));
}

#[test]
fn a_user_that_was_removed_is_gone_and_the_name_is_free_again() {
    let server = TestServer::start();
    let alice = json!({ "username": "alice" });
    let _ = server.data("add_user", alice.clone());
    let _ = server.data("add_user", json!({ "username": "bob" }));
    let removed = server.data("remove_user", alice.clone());
    assert_eq!(removed, json!({ "username": "alice", "removed": true }));
    assert_eq!(server.refusal("remove_user", alice.clone()), "User alice not found");
    assert_eq!(server.data("list_users", json!({})), json!(["bob"]));
    let _ = server.data("add_user", alice);
    assert_eq!(server.data("list_users", json!({})), json!(["bob", "alice"]));
}

#[test]
fn a_user_is_shown_with_the_tasks_assigned_to_it() {
    let server = TestServer::start();
    let _ = server.data("add_user", json!({ "username": "alice" }));
    let first = server.data("add_task", json!({ "title": "a", "assigned_to": "alice" }));
    let _ = server.data("add_task", json!({ "title": "b", "assigned_to": "bob" }));
    let third = server.data("add_task", json!({ "title": "c", "assigned_to": "alice" }));
    let mut shown = server.data("get_user", json!({ "username": "alice" }));
    let (created, updated) = (shown["created_at"].take(), shown["updated_at"].take());
    assert_eq!(created, updated);
    assert_eq!(created.as_str().map(str::len), Some("2026-02-16T16:00:00.000000".len()));
    let wanted = json!({
        "username": "alice", "exists": true, "role": "user", "metadata": {}, "created_at": null,
        "updated_at": null, "task_count": 2, "tasks": [first, third],
    });
    assert_eq!(shown, wanted);
    let nobody = server.data("get_user", json!({ "username": "bob" }));
    assert_eq!(nobody, json!({ "username": "bob", "exists": false }));
}

#[test]
fn what_add_user_stored_is_read_back() {
    let server = TestServer::start();
    let metadata = r#"{ "team": "a\u00e9", "n": 1.0, "big": 12345678901234567890, "n": 2 }"#;
    let body = format!(
        r#"{{"action":"add_user","params":{{"username":"zoe","role":"admin","metadata":{metadata}}}}}"#
    );
    assert_eq!(server.post("/api/v1/query").json_text(&body).send().status, 200);
    let answer = server.call("get_user", json!({ "username": "zoe" }));
    assert_eq!(answer.json()["data"]["role"], "admin");
    assert!(answer.text().contains(&format!(r#""metadata":{metadata}"#)), "{}", answer.text());

    let lean = |body: serde_json::Value| server.post("/api/v2/query").json(&body).send();
    let user = lean(json!({ "action": "get_user", "params": { "username": "zoe" } })).json();
    assert_eq!(user["data"]["role"], "admin");
    assert_eq!(user["data"]["metadata"]["n"], 2);
}

#[test]
fn the_lean_api_lists_users_with_their_roles() {
    let server = TestServer::start();
    for (name, role) in [("zoe", "admin"), ("ana", "user"), ("bob", "user")] {
        let user = json!({ "username": name, "role": role, "metadata": { "team": name } });
        let _ = server.data("add_user", user);
    }
    let ask = |mut query: serde_json::Value| {
        query["action"] = "list_users".into();
        let answer = server.post("/api/v2/query").json(&query).send();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer
    };
    let rows = json!([
        { "username": "zoe", "role": "admin" },
        { "username": "ana", "role": "user" },
        { "username": "bob", "role": "user" },
    ]);
    assert_eq!(ask(json!({})).json()["data"], rows);
    let csv = ask(json!({ "format": "csv" }));
    assert_eq!(csv.text(), "username,role\nzoe,admin\nana,user\nbob,user");
    let admins = ask(json!({ "filter": { "role": "admin" }, "fields": "username,metadata.team" }));
    let admin = json!([{ "username": "zoe", "metadata": { "team": "zoe" } }]);
    assert_eq!(admins.json()["data"], admin);
    let groups = ask(json!({ "group_by": "role" })).json();
    assert_eq!(groups["data"], json!({ "user": 2, "admin": 1 }));
    // An atomic batch supports it too, and a step can refer to its result.
    let steps = json!({ "atomic": true, "return": ["user"], "steps": [
        { "id": "all", "action": "list_users" },
        { "id": "user", "action": "get_user", "fields": "username",
          "params": { "username": { "$ref": "all.data.0.username" } } },
    ] });
    let batch = server.post("/api/v2/batch").json(&steps).send();
    assert_eq!(batch.json()["data"][0]["data"], json!({ "username": "zoe" }), "{}", batch.text());
    // v1 and the action's own tool show the same data as before.
    let names = json!(["zoe", "ana", "bob"]);
    assert_eq!(server.data("list_users", json!({})), names);
    let path = "/mcp?tools=users";
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "list_users", "arguments": {} } });
    let tool = server.post(path).header("Accept", "application/json, text/event-stream");
    let tool = tool.json(&call).send().json();
    assert_eq!(tool["result"]["structuredContent"], json!({ "result": names }));
}

#[test]
fn the_tasks_of_a_removed_user_stay() {
    let server = TestServer::start();
    let _ = server.data("add_user", json!({ "username": "alice" }));
    let task = server.data("add_task", json!({ "title": "a", "assigned_to": "alice" }));
    let _ = server.data("remove_user", json!({ "username": "alice" }));
    assert_eq!(server.data("list_tasks", json!({})), json!([task]));
}

#[test]
fn a_username_is_required() {
    let server = TestServer::start();
    for action in ["add_user", "remove_user", "get_user"] {
        for params in [json!({}), json!({ "username": "" }), json!({ "username": null })] {
            let refusal = server.refusal(action, params.clone());
            assert_eq!(refusal, "username is required", "{action} {params}");
        }
    }
}

#[test]
fn names_that_differ_in_anything_but_their_spelling_are_different_users() {
    let server = TestServer::start();
    // Names that differ in an accent, a space or case.
    let names = ["é", "e", " a", "a", "a ", "A", "'; DROP TABLE users; --", "%", "\u{0}"];
    for name in names {
        let _ = server.data("add_user", json!({ "username": name }));
    }
    assert_eq!(server.data("list_users", json!({})), json!(names));
    for name in names {
        let shown = server.data("get_user", json!({ "username": name }));
        assert_eq!((&shown["username"], &shown["exists"]), (&json!(name), &json!(true)));
    }
}
