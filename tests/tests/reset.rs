//! `POST /reset`: its effect, and its permissions.

use serde_json::{Value, json};
use service_tests::TestServer;

/// Builds a reset from a page of this origin.
fn reset_from(server: &TestServer, origin: &str) -> u16 {
    server.post("/api/v1/reset").header("Origin", origin).send().status
}

#[test]
fn a_reset_removes_everything_and_restores_the_default_configuration() {
    let server = TestServer::start();
    let _ = server.data("add_user", json!({ "username": "alice" }));
    let _ = server.data("add_task", json!({ "title": "t" }));
    let _ = server.data("update_config", json!({ "key": "max_tasks", "value": 5 }));
    let _ = server.data("update_config", json!({ "key": "extra", "value": 5 }));
    let answer = server.post("/api/v1/reset").send();
    assert_eq!(answer.data(), json!({ "reset": true }));
    assert_eq!(server.get("/api/v1/logs").data(), json!([]));
    let all = server.get("/api/v1/state").data();
    assert_eq!((&all["users"], &all["tasks"]), (&json!([]), &json!([])));
    assert_eq!(all["config"], json!({ "max_tasks": 100, "default_priority": "medium" }));
    assert_eq!(all["stats"]["total_logs"], 0);
    assert_eq!(server.data("add_task", json!({ "title": "t" }))["id"], 1);
}

#[test]
fn a_body_does_not_matter_to_a_reset() {
    let server = TestServer::start();
    for body in ["", "{}", "not json"] {
        assert_eq!(server.post("/api/v1/reset").json_text(body).send().status, 200, "{body}");
    }
}

#[test]
fn a_page_of_another_origin_may_not_reset() {
    let server = TestServer::start();
    let _ = server.data("add_user", json!({ "username": "alice" }));
    for path in ["/api/v1/reset", "/mcp/reset"] {
        for origin in [
            "https://evil.example",
            "http://localhost:1",
            "http://127.0.0.1",
            "null",
            "",
            "file://",
            "http://127.0.0.1.evil.example",
        ] {
            let answer = server.post(path).header("Origin", origin).send();
            let refusal = answer.refusal(403);
            assert!(refusal.contains("MCP_CORS_ORIGINS"), "{path} {origin}: {refusal}");
        }
    }
    assert_eq!(server.data("list_users", json!({})), json!(["alice"]));
}

#[test]
fn a_program_and_the_servers_own_page_may_reset() {
    let server = TestServer::start();
    assert_eq!(server.post("/api/v1/reset").send().status, 200);
    assert_eq!(reset_from(&server, &server.base_url()), 200);
}

#[test]
fn a_listed_page_may_reset_and_the_wildcard_lists_nobody() {
    let listed = [("MCP_CORS_ORIGINS", "https://app.example,http://other.example:3000")];
    let server = TestServer::with(listed).start();
    for (origin, wanted) in [
        ("https://app.example", 200),
        ("https://APP.example", 200),
        ("http://other.example:3000", 200),
        ("http://app.example", 403),
        ("http://other.example", 403),
        ("https://app.example.evil.example", 403),
    ] {
        assert_eq!(reset_from(&server, origin), wanted, "{origin}");
    }
    let any = TestServer::with([("MCP_CORS_ORIGINS", "*")]).start();
    assert_eq!(reset_from(&any, "https://app.example"), 403);
}

#[test]
fn the_right_key_opens_a_reset_from_anywhere() {
    let server = TestServer::with([("MCP_API_KEY", "k-12345")]).start();
    let from_afar = || server.post("/api/v1/reset").header("Origin", "https://evil.example");
    assert_eq!(from_afar().send().status, 401);
    assert_eq!(from_afar().key("wrong").send().status, 403);
    assert_eq!(from_afar().key("k-12345").send().status, 200);
    let bearer = from_afar().header("Authorization", "Bearer k-12345");
    assert_eq!(bearer.send().status, 200);
}

#[test]
fn a_reset_is_kept_over_a_restart() {
    let server = TestServer::start();
    let _ = server.data("add_user", json!({ "username": "alice" }));
    let _ = server.data("update_config", json!({ "key": "default_priority", "value": "low" }));
    let _ = server.post("/api/v1/reset").send();
    let stopped = server.stop();
    let again = TestServer::with([]).in_folder(&stopped.folder).start();
    let all: Value = again.get("/api/v1/state").data();
    assert_eq!(all["users"], json!([]));
    assert_eq!(all["config"], json!({ "max_tasks": 100, "default_priority": "medium" }));
}
