//! Limits: requests that are too large, too slow or too many.

use std::io;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use service_tests::{Connection, DEADLINE, TestServer};

const MIB: usize = 1 << 20;

/// Returns the head of a call with a body.
fn head(server: &TestServer, body: &str) -> Vec<u8> {
    format!(
        "POST /api/v1/query HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n{body}\r\n\r\n",
        server.address()
    )
    .into_bytes()
}

/// Sends the whole body before it reads, as most clients do.
fn send_whole(server: &TestServer, head: &[u8], body: &[u8]) -> (u16, String) {
    let mut connection = server.connect();
    connection.send(head);
    for piece in body.chunks(64 * 1024) {
        connection.send(piece);
    }
    let answer = connection.response().expect("a response, not a reset");
    (answer.status, answer.text().to_owned())
}

/// Returns a body in chunks of 64 KiB.
fn chunked(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for chunk in body.chunks(64 * 1024) {
        bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}

#[test]
fn a_body_up_to_the_limit_is_taken() {
    let server = TestServer::with([("MCP_BODY_LIMIT", "4096")]).start();
    let body = |length: usize| {
        let start = r#"{"action":"list_users","params":{"x":""#;
        format!("{start}{}\"}}}}", "x".repeat(length - start.len() - 3))
    };
    assert_eq!(server.post("/api/v1/query").json_text(body(4096)).send().status, 200);
    let refusal = server.post("/api/v1/query").json_text(body(4097)).send().refusal(413);
    assert!(refusal.contains("4096"), "{refusal}");
}

#[test]
fn two_mebibytes_is_the_limit_at_first() {
    let server = TestServer::start();
    let title = "x".repeat(2 * MIB - 200);
    assert_eq!(server.data("add_task", json!({ "title": title }))["id"], 1);
    let title = "x".repeat(2 * MIB);
    assert_eq!(server.call("add_task", json!({ "title": title })).status, 413);
}

#[test]
fn a_client_that_declares_and_sends_a_body_far_over_the_limit_can_read_the_413() {
    let server = TestServer::start();
    let body = vec![b'x'; 5 * MIB];
    for _ in 0..5 {
        let head = head(&server, &format!("Content-Length: {}", body.len()));
        let (status, text) = send_whole(&server, &head, &body);
        assert_eq!(status, 413, "{text}");
        assert!(text.contains(r#"{"detail":"#), "{text}");
    }
}

#[test]
fn a_client_that_sends_a_chunked_body_far_over_the_limit_can_read_the_413() {
    let server = TestServer::start();
    let body = chunked(&vec![b'x'; 5 * MIB]);
    for _ in 0..5 {
        let head = head(&server, "Transfer-Encoding: chunked");
        let (status, text) = send_whole(&server, &head, &body);
        assert_eq!(status, 413, "{text}");
        assert!(text.contains(r#"{"detail":"#), "{text}");
    }
}

#[test]
fn a_client_that_sends_a_large_body_without_the_key_or_to_no_route_can_read_the_refusal() {
    let server = TestServer::with([("MCP_API_KEY", "k-12345")]).start();
    let body = vec![b'x'; 5 * MIB];
    let length = format!("Content-Length: {}", body.len());
    let (status, text) = send_whole(&server, &head(&server, &length), &body);
    assert_eq!(status, 401, "{text}");
    let nowhere = String::from_utf8(head(&server, &length)).expect("text").replace("query", "nope");
    let (status, text) = send_whole(&server, nowhere.as_bytes(), &body);
    assert_eq!(status, 404, "{text}");
}

#[test]
fn a_declared_length_over_the_limit_is_refused_before_a_byte_of_it_is_sent() {
    let server = TestServer::start();
    let mut connection = server.connect();
    connection.send(&head(&server, "Content-Length: 1000000000000"));
    let answer = connection.response().expect("an answer");
    assert_eq!(answer.status, 413);
    assert!(connection.is_ended());
}

#[test]
fn a_client_that_asks_first_may_send_its_body() {
    let server = TestServer::start();
    let body = br#"{"action":"list_users"}"#;
    let fields = format!("Content-Length: {}\r\nExpect: 100-continue", body.len());
    let mut connection = server.connect();
    connection.send(&head(&server, &fields));
    assert_eq!(connection.response().expect("leave to go on").status, 100);
    connection.send(body);
    assert_eq!(connection.response().expect("an answer").status, 200);
}

#[test]
fn a_body_that_does_not_come_is_408() {
    let server = TestServer::with([("MCP_BODY_TIMEOUT", "1")]).start();
    for (body, sent) in [("Content-Length: 100", "{"), ("Transfer-Encoding: chunked", "1\r\n{\r\n")]
    {
        let mut connection = server.connect();
        connection.send(&head(&server, body));
        connection.send(sent.as_bytes());
        let refusal = connection.response().expect("an answer").refusal(408);
        assert!(refusal.contains("body"), "{refusal}");
        assert!(connection.is_ended());
    }
}

#[test]
fn a_head_that_does_not_come_ends_the_connection() {
    let server = TestServer::with([("MCP_HEADER_TIMEOUT", "1")]).start();
    for sent in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "] {
        let mut connection = server.connect();
        connection.send(sent.as_bytes());
        match connection.response() {
            Ok(answer) => {
                assert_eq!(answer.status, 408, "{sent:?}");
                assert!(connection.is_ended(), "{sent:?}");
            }
            Err(error) => assert!(is_end(&error), "{sent:?}: {error}"),
        }
    }
}

/// Returns whether the server closed the connection, as opposed to being silent.
fn is_end(error: &io::Error) -> bool {
    !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

#[test]
fn a_connection_that_is_idle_is_closed() {
    let server = TestServer::with([("MCP_KEEP_ALIVE", "1")]).start();
    let mut connection = server.connect();
    connection.send(&server.request("GET", "/live").bytes());
    assert_eq!(connection.response().expect("an answer").status, 200);
    assert!(connection.is_ended());
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let server = TestServer::start();
    let huge = "x".repeat(10 * MIB);
    let mut connection = server.connect();
    let request = server.request("GET", "/live").header("X-Huge", huge);
    // The server may close the connection before everything is sent.
    let _ = connection.try_send(&request.bytes());
    if let Ok(answer) = connection.response() {
        assert!(matches!(answer.status, 400 | 413 | 431), "{}", answer.status);
    }
    assert_eq!(server.get("/live").status, 200);
}

/// Starts a request and leaves it in flight: the server has sent `100 Continue` and waits for the body.
fn in_flight(server: &TestServer) -> Connection {
    let mut connection = server.connect();
    let body = format!("Content-Length: {}\r\nExpect: 100-continue", BODY.len());
    connection.send(&head(server, &body));
    assert_eq!(connection.response().expect("leave to go on").status, 100);
    connection
}

const BODY: &[u8] = br#"{"action":"list_users"}"#;

#[test]
fn requests_beyond_the_limit_get_retry_after() {
    let server = TestServer::with([("MCP_MAX_REQUESTS", "3")]).start();
    let mut connections: Vec<Connection> = (0..3).map(|_| in_flight(&server)).collect();
    for path in ["/", "/api/v1/state", "/nope"] {
        let answer = server.get(path);
        assert!(!answer.refusal(503).is_empty(), "{path}");
        assert_eq!(answer.header("retry-after"), Some("1"), "{path}");
    }
    // The limit does not apply to probes.
    for path in ["/live", "/ready"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    connections[0].send(BODY);
    assert_eq!(connections[0].response().expect("an answer").status, 200);
    assert_eq!(server.get("/").status, 200);
    for connection in &mut connections[1..] {
        connection.send(BODY);
        assert_eq!(connection.response().expect("an answer").status, 200);
    }
}

#[test]
fn a_client_that_goes_away_leaves_its_place() {
    let server = TestServer::with([("MCP_MAX_REQUESTS", "2")]).start();
    let in_flight = [in_flight(&server), in_flight(&server)];
    assert_eq!(server.get("/").status, 503);
    drop(in_flight);
    let free = (0..10_000).any(|_| {
        thread::yield_now();
        server.get("/").status == 200
    });
    assert!(free, "the limit still counts the closed connections");
}

#[test]
fn a_client_that_leaves_its_answer_unread_loses_its_place() {
    let settings = [("MCP_MAX_REQUESTS", "1"), ("MCP_BODY_TIMEOUT", "1")];
    let server = TestServer::with(settings).start();
    // More bytes than fit into the buffers between server and client.
    let title = "x".repeat(2 * MIB - 200);
    for id in 1..=12 {
        assert_eq!(server.data("add_task", json!({ "title": title }))["id"], id);
    }
    let mut unread = server.connect();
    unread.send(&server.request("GET", "/api/v1/state").bytes());
    unread.wait_for_response();
    let end = Instant::now() + DEADLINE;
    while server.get("/").status != 200 {
        assert!(Instant::now() < end, "the limit still counts the unread response");
        thread::sleep(Duration::from_millis(20));
    }
    assert!(unread.response().is_err(), "the rest of the response was sent");
}

#[test]
fn a_client_that_reads_slowly_and_steadily_gets_its_whole_answer() {
    let server = TestServer::with([("MCP_BODY_TIMEOUT", "1")]).start();
    let title = "x".repeat(2 * MIB - 200);
    for id in 1..=8 {
        assert_eq!(server.data("add_task", json!({ "title": title }))["id"], id);
    }
    let mut slow = server.connect();
    slow.send(&server.request("GET", "/api/v1/state").bytes());
    // Reads for far longer than a client may leave a response unread.
    for _ in 0..80 {
        slow.more().expect("the server continues");
        thread::sleep(Duration::from_millis(50));
    }
    let answer = slow.response().expect("the rest");
    assert!(answer.body.len() > 8 * 2 * MIB - 10_000, "{}", answer.body.len());
}

#[test]
fn more_connections_than_the_limit_wait_and_are_served_when_others_end() {
    let settings = [("MCP_MAX_CONNECTIONS", "4"), ("MCP_WORKERS", "1")];
    let server = TestServer::with(settings).start();
    let request = server.request("GET", "/live").bytes();
    let mut open: Vec<Connection> = (0..4)
        .map(|_| {
            let mut connection = server.connect();
            connection.send(&request);
            assert_eq!(connection.response().expect("an answer").status, 200);
            connection
        })
        .collect();
    let mut waiting = server.connect();
    waiting.send(&request);
    drop(open.pop());
    assert_eq!(waiting.response().expect("an answer").status, 200);
}

#[test]
fn a_port_that_is_taken_is_said_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let output = service_tests::Command::new(["--port", &port]).folder(folder.path()).run();
    let line = output.refusal(1);
    assert!(line.contains(&port), "{line}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn parameters_too_long_for_the_log_are_not_kept_in_it_whole() {
    let server = TestServer::start();
    let title = "x".repeat(MIB);
    assert_eq!(server.data("add_task", json!({ "title": title }))["title"], title);
    let entry: Value = server.get("/api/v1/logs").data()[0].take();
    assert!(entry.to_string().len() < 100_000);
}
