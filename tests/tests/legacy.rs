//! The deprecated paths, `/mcp/*`: they respond as v1 does, with headers about their deprecation.

use serde_json::{Value, json};
use service_tests::{Response, TestServer};

const ROUTES: [(&str, &str); 4] =
    [("POST", "query"), ("GET", "state"), ("GET", "logs"), ("POST", "reset")];

fn assert_deprecated(answer: &Response, route: &str) {
    let label = format!("{route}: {} {}", answer.status, answer.text());
    assert_eq!(answer.header("deprecation"), Some("true"), "{label}");
    let link = format!("</api/v1/{route}>; rel=\"successor-version\"");
    assert_eq!(answer.header("link"), Some(link.as_str()), "{label}");
}

/// Returns a response without the parts that differ from call to call.
fn essence(answer: &Response) -> (u16, Value) {
    let mut body = answer.json();
    if let Some(time) = body.get_mut("timestamp") {
        *time = Value::Null;
    }
    (answer.status, body)
}

#[test]
fn an_old_path_answers_as_v1_does() {
    let server = TestServer::start();
    let _ = server.data("add_user", json!({ "username": "alice" }));
    let _ = server.data("add_task", json!({ "title": "t" }));
    for query in ["", "?entity=tasks&status=pending&limit=1", "?entity=nope", "?limit=x"] {
        let old = essence(&server.get(&format!("/mcp/state{query}")));
        assert_eq!(old, essence(&server.get(&format!("/api/v1/state{query}"))), "{query}");
    }
    assert_eq!(essence(&server.get("/mcp/logs")), essence(&server.get("/api/v1/logs")));
    for body in [
        json!({ "action": "get_user", "params": { "username": "alice" } }),
        json!({ "action": "list_tasks", "params": { "unknown": 1 } }),
        json!({ "action": "nope" }),
        json!({ "action": "add_task", "params": {} }),
        json!({ "params": {} }),
        json!([]),
    ] {
        let old = essence(&server.post("/mcp/query").json(&body).send());
        assert_eq!(old, essence(&server.post("/api/v1/query").json(&body).send()), "{body}");
    }
    let reset = essence(&server.post("/mcp/reset").send());
    assert_eq!(reset, essence(&server.post("/api/v1/reset").send()));
}

#[test]
fn every_answer_of_an_old_path_says_that_it_is_deprecated() {
    let server = TestServer::with([("MCP_API_KEY", "k-12345")]).start();
    for (method, route) in ROUTES {
        let path = format!("/mcp/{route}");
        let request = || server.request(method, &path).json(&json!({ "action": "list_users" }));
        for (request, wanted) in [
            (request().key("k-12345"), 200),
            (request(), 401),
            (request().key("wrong"), 403),
            (server.request("DELETE", &path), 405),
        ] {
            let answer = request.send();
            assert_eq!(answer.status, wanted, "{method} {path}");
            assert_deprecated(&answer, route);
        }
    }
    let unknown = server.post("/mcp/query").key("k-12345").json(&json!({ "action": "nope" }));
    assert_deprecated(&unknown.send(), "query");
    let malformed = server.post("/mcp/query").key("k-12345").json_text("{");
    assert_deprecated(&malformed.send(), "query");
}

#[test]
fn no_other_path_says_so() {
    let server = TestServer::start();
    for path in ["/", "/api/v1/state", "/api/v1/logs", "/api/v2/status", "/mcp/nope", "/docs"] {
        let answer = server.get(path);
        assert_eq!((answer.header("deprecation"), answer.header("link")), (None, None), "{path}");
    }
}

#[test]
fn the_servers_log_has_one_line_for_each_old_path_however_often_it_is_called() {
    let server = TestServer::with([("MCP_WORKERS", "4")]).start();
    for _ in 0..20 {
        for (method, route) in ROUTES {
            let _ = server.request(method, &format!("/mcp/{route}")).send();
        }
    }
    let stderr = server.stop().stderr;
    for (_, route) in ROUTES {
        let line = format!("/mcp/{route} is deprecated; use /api/v1/{route}");
        assert_eq!(stderr.matches(&line).count(), 1, "{stderr}");
    }
}
