//! The Model Context Protocol over HTTP: its revisions, and rejected requests.

use serde_json::{Value, json};
use service_tests::TestServer;

const OLD: [&str; 2] = ["2025-06-18", "2025-11-25"];
const REVISIONS: [&str; 3] = ["2025-06-18", "2025-11-25", "2026-07-28"];

fn hello(revision: &str) -> Value {
    json!({
        "protocolVersion": revision,
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    })
}

#[test]
fn each_client_gets_the_revision_that_it_asks_for() {
    let server = TestServer::start();
    for revision in OLD {
        let response = server.protocol(revision).result("initialize", hello(revision));
        assert_eq!(response["protocolVersion"], revision);
        assert_eq!(response["serverInfo"]["name"], "mcp-server");
    }
    let response = server.protocol("2025-11-25").send("initialize", hello("1999-01-01"));
    assert_eq!(response.status, 400, "the header names another revision");
    // The server does not agree to revisions that it does not fully support.
    for revision in ["2024-11-05", "2025-03-26", "1999-01-01"] {
        let response = server.protocol(revision).result("initialize", hello(revision));
        assert_eq!(response["protocolVersion"], "2025-11-25", "{revision}");
    }
    for revision in ["2024-11-05", "2025-03-26"] {
        let refusal = server.protocol(revision).send("tools/list", json!({})).refusal(400);
        let known = "MCP-Protocol-Version must be one of 2025-06-18, 2025-11-25, 2026-07-28";
        assert_eq!(refusal, known, "{revision}");
    }
    let response = server.protocol("2026-07-28").result("server/discover", json!({}));
    let supported: Vec<&str> = response["supportedVersions"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(supported, REVISIONS);
    for revision in REVISIONS {
        let tools = server.protocol(revision).result("tools/list", json!({}));
        assert_eq!(tools["tools"][0]["name"], "query", "{revision}");
        assert_eq!(tools["ttlMs"].is_u64(), revision == "2026-07-28", "{tools}");
    }
}

#[test]
fn a_client_outlives_the_server() {
    let server = TestServer::start();
    let folder = server.keep_folder();
    let response = server.protocol("2025-11-25").send("initialize", hello("2025-11-25"));
    assert_eq!(response.header("mcp-session-id"), None);
    let call = json!({"name": "change", "arguments": {"action": "add_user", "params": {"username": "alice"}}});
    assert_eq!(server.protocol("2025-11-25").result("tools/call", call)["isError"], false);
    let _ = server.stop();
    // Another server, without any state of this client.
    let server = TestServer::with([]).in_folder(&folder).start();
    let list = json!({"action": "list_users", "format": "json"});
    let users = server.protocol("2025-11-25").tool("change", list);
    assert_eq!(
        users["structuredContent"],
        json!({"data": [{"username": "alice", "role": "user"}]})
    );
}

#[test]
fn an_answer_that_does_not_stream_is_json() {
    let server = TestServer::start();
    for revision in REVISIONS {
        let call = json!({"name": "change", "arguments": {"action": "list_users"}});
        let answer = server.protocol(revision).send("tools/call", call);
        assert_eq!(answer.header("content-type"), Some("application/json"), "{revision}");
    }
    // A client without `Accept` is accepted too.
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    assert_eq!(server.post("/mcp").json(&list).send().status, 200);
    let any = server.post("/mcp").header("Accept", "*/*").json(&list).send();
    assert_eq!(any.status, 200);
    let html = server.post("/mcp").header("Accept", "text/html").json(&list).send();
    assert!(html.refusal(406).contains("text/event-stream"));
}

#[test]
fn accept_is_read_as_media_ranges() {
    for sessions in ["off", "on"] {
        let server = TestServer::with([("MCP_SESSIONS", sessions)]).start();
        let hello = json!({
            "jsonrpc": "2.0", "id": 7, "method": "initialize", "params": hello("2025-11-25"),
        });
        for accept in [
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON;q=0.2",
            "application/*",
            "text/html, application/json;q=0.9",
            "text/event-stream;q=0, */*",
        ] {
            let answer = server.post("/mcp").header("Accept", accept).json(&hello).send();
            assert_eq!(answer.header("content-type"), Some("application/json"), "{accept}");
            let response = answer.json();
            assert_eq!(
                (&response["id"], &response["result"]["protocolVersion"]),
                (&json!(7), &json!("2025-11-25"))
            );
            assert_eq!(answer.header("mcp-session-id").is_some(), sessions == "on");
        }
        for accept in ["*/*", "text/html, */*;q=0.1", "application/json, text/event-stream"] {
            let answer = server.post("/mcp").header("Accept", accept).json(&hello).send();
            assert_eq!(answer.status, 200, "{accept}");
        }
        for accept in
            ["text/html", "text/*", "application/json;q=0, */*", "text/event-stream", "image/*"]
        {
            let answer = server.post("/mcp").header("Accept", accept).json(&hello).send();
            assert!(answer.refusal(406).contains("application/json"), "{accept}");
        }
        for path in ["/api/v2/help", "/api/v2/status", "/api/v1/state"] {
            for accept in ["application/json", "application/*", "text/html, */*;q=0.5"] {
                let answer = server.request("GET", path).header("Accept", accept).send();
                assert_eq!(answer.status, 200, "{path} {accept}");
            }
        }
    }
}

#[test]
fn a_client_that_takes_json_alone_gets_the_response_without_what_comes_before_it() {
    let server = TestServer::start();
    let steps: Vec<Value> =
        (0..3).map(|number| json!({"id": format!("s{number}"), "action": "list_users"})).collect();
    let batch = json!({"action": "batch", "params": {"steps": steps}});
    for revision in REVISIONS {
        let call = json!({"name": "change", "arguments": batch, "_meta": {"progressToken": "p"}});
        let request = server.protocol(revision).request("tools/call", call);
        let answer = request.replace_header("Accept", "application/json").send();
        assert_eq!(answer.header("content-type"), Some("application/json"), "{revision}");
        assert_eq!(answer.json()["result"]["isError"], false, "{revision}: {}", answer.text());
    }
    let listen = json!({"notifications": {"resourceSubscriptions": ["mcp://users"]}});
    let listen = server.protocol("2026-07-28").request("subscriptions/listen", listen);
    let answer = listen.replace_header("Accept", "application/json").send();
    assert!(answer.refusal(406).contains("text/event-stream"));
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let server = TestServer::start();
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let answer = server.post("/mcp").json_text(format!("\u{feff}{list}")).send();
    assert_eq!(answer.json()["id"], 1, "{}", answer.text());
    let query = json!({"action": "list_users"});
    for path in ["/api/v1/query", "/api/v2/query", "/mcp/query"] {
        let answer = server.post(path).json_text(format!("\u{feff}{query}")).send();
        assert_eq!(answer.json()["data"], json!([]), "{path}: {}", answer.text());
    }
    let batch = json!({"steps": [{"id": "a", "action": "list_users"}]});
    let answer = server.post("/api/v2/batch").json_text(format!("\u{feff}{batch}")).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    // Only one mark, at the start, is skipped.
    for text in [format!("\u{feff}\u{feff}{list}"), format!("{list}\u{feff}")] {
        assert_eq!(server.post("/mcp").json_text(&text).send().status, 400, "{text}");
    }
}

#[test]
fn a_client_is_told_what_the_server_is_for() {
    let server = TestServer::start();
    let instructions = |query: &str| {
        let client = server.protocol("2025-11-25").query(query);
        let response = client.result("initialize", hello("2025-11-25"));
        response["instructions"].as_str().unwrap_or_else(|| panic!("{response}")).to_owned()
    };
    let lean = instructions("tools=lean");
    let (sentences, example) = lean.split_once(" Example: ").expect("an example");
    assert!(sentences.contains("users 4, tasks 5") && sentences.contains("help"), "{lean}");
    let example: Value = serde_json::from_str(example).expect("JSON");
    assert_eq!(server.protocol("2025-11-25").tool("change", example)["isError"], false);
    assert!(!instructions("tools=github").contains("query with"), "`query` is not in this set");
    assert!(instructions("tools=github").contains("Example: github_"));
    let new = server.protocol("2026-07-28").result("server/discover", json!({}));
    assert_eq!(new["instructions"], lean);
}

#[test]
fn the_legacy_paths_beside_it_are_as_they_were() {
    let server = TestServer::start();
    let call = json!({"action": "list_users"});
    assert_eq!(server.post("/mcp/query").json(&call).send().data(), json!([]));
    for path in ["/mcp/state", "/mcp/logs"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    assert_eq!(server.post("/mcp/reset").send().status, 200);
    assert_eq!(server.get("/mcp/nothing").refusal(404), "Not Found");
    assert_eq!(server.post("/mcp/nothing").json(&call).send().refusal(404), "Not Found");
}

#[test]
fn a_wrong_method_is_told_the_right_one() {
    let server = TestServer::start();
    for method in ["GET", "DELETE", "PUT"] {
        let answer = server.request(method, "/mcp").send();
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
    }
    let lasting = TestServer::with([("MCP_SESSIONS", "on")]).start();
    let answer = lasting.request("PUT", "/mcp").send();
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, POST, DELETE")));
}

#[test]
fn a_wrong_header_is_told_the_right_one() {
    let server = TestServer::with([("MCP_SESSIONS", "on")]).start();
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let none = server.post("/mcp").json(&list).send();
    assert!(none.refusal(400).starts_with("Mcp-Session-Id is missing"), "{none:?}");
    let old = server.post("/mcp").header("MCP-Protocol-Version", "1999-01-01").json(&list).send();
    assert!(old.refusal(400).contains("one of 2025-06-18"), "{old:?}");
    let stream = server.request("GET", "/mcp").header("Accept", "application/json").send();
    assert_eq!(stream.refusal(406), "Accept must list text/event-stream");
    let stream = server.request("GET", "/mcp").header("Accept", "text/event-stream").send();
    assert!(stream.refusal(400).starts_with("Mcp-Session-Id is missing"), "{stream:?}");
}

#[test]
fn what_is_no_message_is_refused_in_json_rpc() {
    let server = TestServer::start();
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let with_id = format!(r#"{{"id":9,"method":"ping","params":{deep}}}"#);
    for (body, code, id) in [
        ("", -32700, json!(null)),
        ("not json", -32700, json!(null)),
        ("{\"jsonrpc\":\"2.0\"", -32700, json!(null)),
        (deep.as_str(), -32700, json!(null)),
        ("[]", -32600, json!(null)),
        ("{}", -32600, json!(null)),
        (r#"{"jsonrpc":"2.0","id":8,"method":"ping","params":{"a":"\ud800"}}"#, -32600, json!(8)),
        (
            r#"{"jsonrpc":"2.0","method":"ping","params":{"a":"\udc00\ud800"},"id":"x"}"#,
            -32600,
            json!("x"),
        ),
        (r#"{"params":{"a":"\ud800","id":9}}"#, -32700, json!(null)),
        (with_id.as_str(), -32600, json!(9)),
        ("{\"jsonrpc\":\"2.0\",\"id\":1}", -32600, json!(1)),
        ("{\"id\":\"a\",\"method\":5}", -32600, json!("a")),
    ] {
        let answer = server.post("/mcp").json_text(body).send();
        let response = answer.json();
        assert_eq!(
            (answer.status, &response["error"]["code"]),
            (400, &json!(code)),
            "{body}: {response}"
        );
        assert_eq!((&response["jsonrpc"], &response["id"]), (&json!("2.0"), &id));
    }
    let answer = server.post("/mcp").body("{}").header("Content-Type", "text/plain").send();
    assert!(answer.refusal(415).contains("application/json"));
    let (code, _) = server.protocol("2025-11-25").error("no/such/method", json!({}));
    assert_eq!(code, -32601);
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let server = TestServer::with([("MCP_BODY_LIMIT", "1KiB")]).start();
    let call = json!({"name": "change", "arguments": {"action": "x".repeat(2000)}});
    let answer = server.protocol("2025-11-25").send("tools/call", call);
    assert!(answer.refusal(413).contains("1024"));
}

#[test]
fn the_rate_limit_and_the_log_are_those_of_v1() {
    let server = TestServer::with([("MCP_RATE_LIMIT", "2/day")]).start();
    let client = server.protocol("2025-11-25");
    let call = json!({"name": "change", "arguments": {"action": "list_users"}});
    assert_eq!(client.send("tools/call", call.clone()).status, 200);
    assert_eq!(client.send("tools/call", call.clone()).status, 200);
    assert_eq!(client.send("tools/call", call).status, 429);
    let server = TestServer::start();
    let client = server.protocol("2025-11-25");
    let _ = client.tool("change", json!({"action": "add_user", "params": {"username": "alice"}}));
    let _ = client.tool("change", json!({"action": "nonsense"}));
    let logs = server.get("/api/v1/logs").data();
    let entries: Vec<(&str, &str)> = (logs.as_array().expect("a list").iter())
        .map(|entry| {
            (entry["action"].as_str().expect("a text"), entry["status"].as_str().expect("a text"))
        })
        .collect();
    assert_eq!(entries, [("add_user", "success"), ("nonsense", "error")]);
}

#[test]
fn params_that_are_wrong_are_not_a_method_that_is_missing() {
    let server = TestServer::start();
    for (method, params) in [
        ("tools/call", json!({"name": "change", "arguments": []})),
        ("tools/call", json!({"arguments": {}})),
        ("tools/list", json!({"cursor": "x"})),
        ("resources/list", json!({"cursor": "x"})),
        ("resources/templates/list", json!({"cursor": "x"})),
        ("prompts/list", json!({"cursor": "x"})),
        ("resources/read", json!({"uri": 5})),
        ("prompts/get", json!({})),
        ("completion/complete", json!({"ref": {"type": "ref/prompt", "name": "x"}})),
    ] {
        for revision in ["2025-11-25", "2026-07-28"] {
            let (code, message) = server.protocol(revision).error(method, params.clone());
            assert_eq!(code, -32602, "{revision} {method} {params}: {message}");
        }
    }
    let old = server.protocol("2025-11-25");
    assert_eq!(old.error("logging/setLevel", json!({"level": "loud"})).0, -32602);
    assert_eq!(old.result("logging/setLevel", json!({"level": "error"})), json!({}));
    let new = server.protocol("2026-07-28");
    assert_eq!(new.error("logging/setLevel", json!({"level": "error"})).0, -32601);
    for gone in ["initialize", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"] {
        assert_eq!(new.error(gone, json!({})).0, -32601, "{gone}");
    }
    assert_eq!(new.error("no/such", json!({})).0, -32601);
}
