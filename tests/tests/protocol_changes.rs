//! Resources and prompts, and notifications about changes.

use serde_json::{Value, json};
use service_tests::{Messages, TestServer};

const UPDATED: &str = "notifications/resources/updated";

fn updated(messages: &mut Messages) -> String {
    let message = messages.next_of(UPDATED);
    message["params"]["uri"].as_str().expect("an address").to_owned()
}

#[test]
fn memory_is_read_as_resources() {
    let server = TestServer::start();
    let _ = server.data("add_user", json!({"username": "alice"}));
    let _ = server.data("add_task", json!({"title": "Ship", "status": "pending"}));
    let client = server.protocol("2026-07-28");
    let read = |uri: &str| -> Value {
        let result = client.result("resources/read", json!({"uri": uri}));
        assert_eq!(result["contents"][0]["uri"], uri);
        assert_eq!(result["contents"][0]["mimeType"], "application/json");
        serde_json::from_str(result["contents"][0]["text"].as_str().expect("a text"))
            .expect("it is there")
    };
    let listed = client.result("resources/list", json!({}));
    let uris: Vec<&str> = listed["resources"]
        .as_array()
        .expect("it is there")
        .iter()
        .map(|it| it["uri"].as_str().expect("a text"))
        .collect();
    assert_eq!(uris, ["mcp://users", "mcp://tasks", "mcp://config", "mcp://logs"]);
    assert_eq!(read("mcp://users")["users"], json!(["alice"]));
    assert_eq!(read("mcp://tasks")["tasks"][0]["title"], "Ship");
    assert_eq!(read("mcp://tasks?status=completed")["tasks"], json!([]));
    assert_eq!(read("mcp://tasks/1")["title"], "Ship");
    assert_eq!(read("mcp://config")["max_tasks"], 100);
    assert_eq!(read("mcp://logs?limit=1")["logs"][0]["action"], "add_task");
    let templates = client.result("resources/templates/list", json!({}));
    assert_eq!(templates["resourceTemplates"][0]["uriTemplate"], "mcp://tasks/{id}");
    for missing in ["mcp://tasks/2", "mcp://nothing", "file:///etc/passwd", "mcp://users/alice"] {
        let (code, message) = client.error("resources/read", json!({"uri": missing}));
        assert_eq!((code, message.contains(missing)), (-32602, true), "{missing}");
        let old = server.protocol("2025-11-25");
        assert_eq!(old.error("resources/read", json!({"uri": missing})).0, -32002, "{missing}");
    }
}

#[test]
fn prompts_show_what_is_open_and_arguments_are_completed() {
    let server = TestServer::start();
    for name in ["alice", "alan", "bob"] {
        let _ = server.data("add_user", json!({"username": name}));
    }
    let _ = server.data("add_task", json!({"title": "Ship", "assigned_to": "alice"}));
    let _ = server.data("add_task", json!({"title": "Rest", "status": "completed"}));
    let client = server.protocol("2025-11-25");
    let prompt = |name: &str, arguments: Value| {
        let prompt = json!({"name": name, "arguments": arguments});
        let result = client.result("prompts/get", prompt);
        result["messages"][0]["content"]["text"].as_str().expect("a text").to_owned()
    };
    let plan = prompt("plan_open_tasks", json!({}));
    assert!(plan.contains("#1 Ship") && !plan.contains("Rest"), "{plan}");
    let forged = json!({"title": "A\n#9 B\u{2028}C", "status": "x\r\ny", "assigned_to": "carol"});
    let _ = server.data("add_task", forged);
    let carols = prompt("plan_open_tasks", json!({"assigned_to": "carol"}));
    assert!(carols.contains("\n#3 A #9 B C (x  y, medium, carol)\n"), "{carols}");
    let _ = server.data("delete_task", json!({"task_id": 3}));
    let plan = prompt("plan_open_tasks", json!({"assigned_to": "bob"}));
    assert!(plan.contains("(none)"), "{plan}");
    let handed = prompt("hand_over", json!({"from": "alice", "to": "bob"}));
    assert!(handed.contains("#1 Ship") && handed.contains("update_task"), "{handed}");
    let (code, message) = client.error("prompts/get", json!({"name": "hand_over"}));
    assert_eq!((code, message.as_str()), (-32602, "from is required"));
    assert_eq!(client.error("prompts/get", json!({"name": "nothing"})).0, -32602);
    let complete = |reference: Value, name: &str, value: &str| {
        let argument = json!({"name": name, "value": value});
        let found =
            client.result("completion/complete", json!({"ref": reference, "argument": argument}));
        found["completion"]["values"].clone()
    };
    let prompt = json!({"type": "ref/prompt", "name": "hand_over"});
    assert_eq!(complete(prompt, "from", "al"), json!(["alice", "alan"]));
    let task = json!({"type": "ref/resource", "uri": "mcp://tasks/{id}"});
    assert_eq!(complete(task, "id", ""), json!(["1", "2"]));
    let part = json!({"type": "ref/resource", "uri": "mcp://tasks{?status,limit,offset}"});
    assert_eq!(complete(part, "status", "p"), json!(["pending"]));
}

#[test]
fn a_listener_is_told_of_what_it_named_and_of_nothing_else() {
    let server = TestServer::start();
    let _ = server.data("add_task", json!({"title": "one"}));
    let _ = server.data("add_task", json!({"title": "two"}));
    let wanted = ["mcp://tasks/2", "mcp://users", "mcp://config", "mcp://nothing"];
    let mut messages = server.protocol("2026-07-28").listen(
        "subscriptions/listen",
        json!({"notifications": {"resourceSubscriptions": wanted}}),
    );
    assert_eq!(messages.status(), 200);
    let first = messages.next_message();
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    let accepted = &first["params"]["notifications"]["resourceSubscriptions"];
    assert_eq!(accepted, &json!(["mcp://tasks/2", "mcp://users", "mcp://config"]), "{first}");
    // Another client changes other data, sends a rejected call, and then changes the named data.
    let _ = server.data("update_task", json!({"task_id": 1, "title": "x"}));
    let _ = server.refusal("remove_user", json!({"username": "nobody"}));
    let _ = server.data("update_task", json!({"task_id": 2, "title": "x"}));
    assert_eq!(updated(&mut messages), "mcp://tasks/2");
    let _ = server.data("add_user", json!({"username": "alice"}));
    assert_eq!(updated(&mut messages), "mcp://users");
    let _ = server.data("update_config", json!({"key": "k", "value": 1}));
    assert_eq!(updated(&mut messages), "mcp://config");
    // A reset changes every resource.
    assert_eq!(server.post("/api/v1/reset").send().status, 200);
    let mut updates = [updated(&mut messages), updated(&mut messages), updated(&mut messages)];
    updates.sort();
    assert_eq!(updates, ["mcp://config", "mcp://tasks/2", "mcp://users"]);
}

#[test]
fn a_listener_is_told_once_of_what_it_named_twice() {
    let server = TestServer::start();
    let mut messages = server.protocol("2026-07-28").listen(
        "subscriptions/listen",
        json!({"notifications": {"resourceSubscriptions": ["mcp://users", "mcp://users", "mcp://config"]}}),
    );
    let _ = messages.next_message();
    let _ = server.data("add_user", json!({"username": "alice"}));
    assert_eq!(updated(&mut messages), "mcp://users");
    let _ = server.data("update_config", json!({"key": "k", "value": 1}));
    assert_eq!(updated(&mut messages), "mcp://config");
}

#[test]
fn a_listener_ends_with_the_server_and_does_not_hold_it() {
    let server = TestServer::start();
    let mut messages = server.protocol("2026-07-28").listen(
        "subscriptions/listen",
        json!({"notifications": {"resourceSubscriptions": ["mcp://logs"]}}),
    );
    let _ = messages.next_message();
    server.terminate();
    assert!(messages.ends());
    assert!(server.wait().status.success());
}

#[test]
fn too_many_listeners_are_told_so() {
    let server = TestServer::with([("MCP_MAX_REQUESTS", "4")]).start();
    let listen = json!({"notifications": {"resourceSubscriptions": ["mcp://logs"]}});
    let client = server.protocol("2026-07-28");
    let mut listeners = Vec::new();
    for _ in 0..2 {
        let mut messages = client.listen("subscriptions/listen", listen.clone());
        let _ = messages.next_message();
        listeners.push(messages);
    }
    let mut third = client.listen("subscriptions/listen", listen);
    let mut last = third.next_message();
    while last["error"].is_null() {
        last = third.next_message();
    }
    assert_eq!(last["error"]["code"], -32006, "{last}");
    drop(third);
    // Listeners do not use up the limit for ordinary requests.
    assert_eq!(client.send("tools/list", json!({})).status, 200);
}

#[test]
fn an_older_client_is_told_over_its_session() {
    let server = TestServer::with([("MCP_SESSIONS", "on")]).start();
    let client = server.protocol("2025-11-25").session();
    let mut stream = client.open_stream();
    assert_eq!(stream.status(), 200);
    let _ = client.result("resources/subscribe", json!({"uri": "mcp://tasks"}));
    let _ = client.result("resources/subscribe", json!({"uri": "mcp://users"}));
    let _ = server.data("add_task", json!({"title": "one"}));
    assert_eq!(updated(&mut stream), "mcp://tasks");
    let _ = client.result("resources/unsubscribe", json!({"uri": "mcp://tasks"}));
    let _ = server.data("add_task", json!({"title": "two"}));
    let _ = server.data("add_user", json!({"username": "alice"}));
    assert_eq!(updated(&mut stream), "mcp://users");
}

#[test]
fn without_a_session_there_is_nothing_to_subscribe_by() {
    let server = TestServer::start();
    let client = server.protocol("2025-11-25");
    let hello = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    });
    let response = client.result("initialize", hello);
    assert_eq!(response["capabilities"]["resources"], json!({}), "{response}");
    assert_eq!(client.error("resources/subscribe", json!({"uri": "mcp://tasks"})).0, -32601);
}

#[test]
fn a_session_is_its_openers_alone_and_ends_when_it_says_so() {
    let server =
        TestServer::with([("MCP_SESSIONS", "on"), ("MCP_API_KEY", "the-right-key")]).start();
    let client = server.protocol("2025-11-25").header("X-API-Key", "the-right-key").session();
    let tools = client.result("tools/list", json!({}));
    assert_eq!(tools["tools"][0]["name"], "query");
    let id = |client: &service_tests::Protocol<'_>| {
        let bytes =
            String::from_utf8(client.request("ping", json!({})).bytes()).expect("it is there");
        let line =
            bytes.lines().find(|line| line.starts_with("Mcp-Session-Id")).expect("it is there");
        line.split_once(": ").expect("it is there").1.to_owned()
    };
    let session = id(&client);
    // The session id alone is not enough, and another client's id is unknown.
    let stranger = server.protocol("2025-11-25").header("Mcp-Session-Id", &session);
    assert_eq!(stranger.send("tools/list", json!({})).status, 401);
    let other = server.protocol("2025-11-25").header("X-API-Key", "the-right-key");
    let other = other.header("Mcp-Session-Id", "00000000-0000-0000-0000-000000000000");
    assert_eq!(
        other.send("tools/list", json!({})).refusal(404),
        "unknown session: send initialize again"
    );
    let end = server
        .request("DELETE", "/mcp")
        .key("the-right-key")
        .header("Mcp-Session-Id", &session)
        .header("MCP-Protocol-Version", "2025-11-25");
    assert!((200..300).contains(&end.send().status));
    assert_eq!(client.send("tools/list", json!({})).status, 404);
}
