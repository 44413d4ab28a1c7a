//! `MCP_RESULT_LIMIT` counts the sent bytes, with escapes, structured content and envelope.

use serde_json::{Value, json};
use service_tests::TestServer;

const LIMIT: usize = 64 * 1024;

fn server() -> TestServer {
    TestServer::with([("MCP_RESULT_LIMIT", "64KiB")]).start()
}

/// Returns texts of about this many bytes, without and with characters that JSON escapes.
fn texts(bytes: usize) -> [String; 3] {
    ["x", "\"\n", "\u{1}\u{1F600}"].map(|part| part.repeat(bytes / part.len()))
}

#[test]
fn every_response_is_within_the_limit() {
    let server = server();
    let mut large = 0;
    for bytes in [5_000, 31_000, 100_000] {
        for text in texts(bytes) {
            let _ = server.data("update_config", json!({"key": "k", "value": text}));
            let task = json!({"title": "t", "description": text, "status": text});
            let id = server.data("add_task", task)["id"].clone();
            for revision in ["2025-11-25", "2026-07-28"] {
                let client = server.protocol(revision);
                let all = client.clone().query("tools=all");
                let query =
                    json!({"action": "get_config", "params": {"key": "k"}, "max_tokens": 0});
                for (client, method, params) in [
                    (&all, "tools/call", json!({"name": "get_config", "arguments": {"key": "k"}})),
                    (
                        &all,
                        "tools/call",
                        json!({"name": "list_tasks", "arguments": {"status": text}}),
                    ),
                    (&client, "tools/call", json!({"name": "change", "arguments": query})),
                    (&client, "resources/read", json!({"uri": "mcp://config"})),
                    (&client, "resources/read", json!({"uri": format!("mcp://tasks/{id}")})),
                    (&client, "resources/read", json!({"uri": "mcp://tasks?limit=1"})),
                    (&client, "prompts/get", json!({"name": "plan_open_tasks", "arguments": {}})),
                ] {
                    let answer = client.send(method, params);
                    let sent = answer.text().len();
                    assert!(sent <= LIMIT, "{revision} {method} {bytes}: {sent} bytes");
                    large += usize::from(sent > LIMIT / 2);
                }
            }
        }
    }
    assert!(large > 10, "{large} responses are below the limit");
}

#[test]
fn what_is_too_large_as_sent_says_so() {
    let server = server();
    // The text alone is below the limit.
    let text = "x".repeat(40_000);
    let _ = server.data("update_config", json!({"key": "k", "value": text}));
    let all = server.protocol("2025-11-25").query("tools=all");
    let result = all.tool("get_config", json!({"key": "k"}));
    let message = result["content"][0]["text"].as_str().expect("a text");
    assert_eq!(result["isError"], true);
    assert!(
        message.contains("65536 bytes (MCP_RESULT_LIMIT)") && message.contains("get_config(key?)"),
        "{message}"
    );
    // The error of a successful write says that it was carried out.
    let result = all.tool("update_config", json!({"key": "w", "value": text}));
    let message = result["content"][0]["text"].as_str().expect("a text");
    assert!(message.contains("was carried out"), "{message}");
    assert_eq!(server.data("get_config", json!({"key": "w"}))["w"], text);
    // A resource contains its text once, with escapes.
    let once = all.result("resources/read", json!({"uri": "mcp://tasks"}));
    assert!(once["contents"].is_array());
    let _ = server.data("add_task", json!({"title": "\u{1}".repeat(15_000)}));
    let (code, message) = all.error("resources/read", json!({"uri": "mcp://tasks"}));
    assert_eq!(code, -32602);
    assert!(message.contains("MCP_RESULT_LIMIT") && message.contains("?limit="), "{message}");
    // The client's request id counts too.
    let _ = server.data("update_config", json!({"key": "k", "value": "x".repeat(20_000)}));
    let call = json!({"name": "get_config", "arguments": {"key": "k"}});
    let body =
        json!({"jsonrpc": "2.0", "id": "i".repeat(30_000), "method": "tools/call", "params": call});
    let answer = all.request("tools/call", json!({})).body(body.to_string()).send();
    assert_eq!(answer.json()["result"]["isError"], true);
}

#[test]
fn prompts_within_the_limit_show_long_words_in_part() {
    let server = server();
    for number in 0..100 {
        let word = "w".repeat(2_000);
        let task = json!({"title": format!("Task {number}"), "status": word, "priority": word});
        let _ = server.data("add_task", task);
    }
    let client = server.protocol("2025-11-25");
    let prompt = client.result("prompts/get", json!({"name": "plan_open_tasks"}));
    let text = prompt["messages"][0]["content"]["text"].as_str().expect("a text");
    assert!(text.contains("Task 99") && text.len() < 20_000, "{}", text.len());
    let small = TestServer::with([("MCP_RESULT_LIMIT", "1KiB")]).start();
    for number in 0..50 {
        let _ = small.data("add_task", json!({"title": format!("Task {number}")}));
    }
    let (_, message): (i64, String) =
        small.protocol("2025-11-25").error("prompts/get", json!({"name": "plan_open_tasks"}));
    assert!(message.contains("MCP_RESULT_LIMIT"), "{message}");
    let named = small
        .protocol("2025-11-25")
        .query("tools=all")
        .tool("add_task", json!({"x".repeat(5000): 1}));
    let message: &Value = &named["content"][0]["text"];
    assert!(message.as_str().expect("a text").len() < 400, "{message}");
}
