//! Clients that hang up right after their request: the server frees everything that their calls used.

use std::io::Write as _;
use std::net::{Shutdown, TcpStream};

use serde_json::{Value, json};
use service_tests::TestServer;
use socket2::SockRef;

/// Enough rounds to fill the queue of 1,024 reads if each round leaked its places.
const ROUNDS: usize = 300;

/// Returns one request of every kind.
fn requests(server: &TestServer) -> Vec<Vec<u8>> {
    let call = |path: &str, body: Value| server.post(path).json(&body).bytes();
    let add = json!({"id": "a", "action": "add_task", "params": {"title": "abandoned"}});
    let read = json!({"id": "r", "action": "get_config"});
    let tool = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "change", "arguments": {"action": "list_tasks"}},
    });
    let mcp = server.post("/mcp").header("Accept", "application/json, text/event-stream");
    vec![
        call("/api/v1/query", json!({"action": "get_config", "params": {}})),
        call("/api/v1/query", json!({"action": "list_tasks", "params": {}})),
        call("/api/v1/query", json!({"action": "add_task", "params": {"title": "abandoned"}})),
        call("/api/v2/query", json!({"action": "list_tasks", "count": true})),
        call("/api/v2/batch", json!({"steps": [read, add]})),
        call("/api/v2/batch", json!({"steps": [read, add], "atomic": true})),
        mcp.header("MCP-Protocol-Version", "2025-11-25").json(&tool).bytes(),
        server.request("GET", "/api/v1/state").bytes(),
        server.request("GET", "/api/v1/logs").bytes(),
        server.request("GET", "/ready").bytes(),
    ]
}

/// Sends a request and closes the connection in the same packet.
fn hang_up(server: &TestServer, request: &[u8]) {
    let mut stream = TcpStream::connect(server.address()).expect("the server listens");
    SockRef::from(&stream).set_tcp_cork(true).expect("it is a TCP socket");
    stream.write_all(request).expect("the server takes the bytes");
    stream.shutdown(Shutdown::Write).expect("the connection is open");
}

#[test]
fn after_thousands_of_hang_ups_every_kind_of_request_is_answered() {
    let server = TestServer::with([("MCP_WRITE_QUEUE", "64")]).start();
    let requests = requests(&server);
    for _ in 0..ROUNDS {
        for request in &requests {
            hang_up(&server, request);
        }
    }
    for request in &requests {
        let mut connection = server.connect();
        connection.send(request);
        let answer = connection.response().expect("an answer");
        assert_eq!(answer.status, 200, "{}: {}", String::from_utf8_lossy(request), answer.text());
    }
    assert_eq!(server.get("/ready").json(), json!({"status": "ready"}));
    let task = server.data("add_task", json!({"title": "kept"}));
    let tasks = server.data("list_tasks", json!({}));
    assert_eq!(tasks.as_array().expect("a list").last(), Some(&task));
    let logs = server.get("/api/v1/logs?limit=1").data();
    assert_eq!(logs[0]["action"], "list_tasks");
}
