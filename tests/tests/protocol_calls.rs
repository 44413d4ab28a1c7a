//! Slow calls: their progress, and the events that cancel them. A mock GitHub delays its responses.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};
use service_tests::{DEADLINE, TestServer};

/// A mock GitHub that responds when the test tells it to.
struct SlowGithub(TcpListener);

/// A request that waits for its response.
struct PendingRequest(TcpStream);

impl SlowGithub {
    fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").expect("a free port"))
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().expect("an address"))
    }

    /// Waits for a request.
    fn asked(&self) -> PendingRequest {
        let (mut stream, _) = self.0.accept().expect("a connection");
        stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).expect("the head of a request");
            head.push(byte[0]);
        }
        PendingRequest(stream)
    }
}

impl PendingRequest {
    fn answer(mut self, body: &Value) {
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.0.write_all((head + &body).as_bytes()).expect("the server reads");
    }

    /// Returns whether the server closes the connection.
    fn gives_up(mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0))
    }
}

fn server(github: &SlowGithub, sessions: &str) -> TestServer {
    TestServer::with([("MCP_GITHUB_API_URL", &github.url()), ("MCP_SESSIONS", sessions)]).start()
}

fn call(progress: Option<&str>) -> Value {
    let arguments = json!({
        "action": "github_get_repository", "params": {"owner": "octocat", "repo": "hello"},
        "fields": "full_name", "format": "json",
    });
    let mut call = json!({"name": "change", "arguments": arguments});
    if let Some(token) = progress {
        call["_meta"]["progressToken"] = token.into();
    }
    call
}

#[test]
fn a_client_that_asks_for_it_hears_how_far_a_call_is() {
    let github = SlowGithub::start();
    for (revision, sessions) in [("2025-11-25", "off"), ("2025-11-25", "on"), ("2026-07-28", "off")]
    {
        let server = server(&github, sessions);
        let client = server.protocol(revision);
        let client = if sessions == "on" { client.session() } else { client };
        let mut messages = client.listen("tools/call", call(Some("t-1")));
        let waiting = github.asked();
        let first = messages.next_of("notifications/progress")["params"].take();
        assert_eq!(first["progressToken"], "t-1");
        assert_eq!((&first["progress"], &first["total"]), (&json!(0.0), &json!(2.0)), "{first}");
        assert_eq!(first["message"], "calling GitHub");
        waiting.answer(&json!({"full_name": "octocat/hello"}));
        let second = messages.next_of("notifications/progress")["params"].take();
        assert!(second["progress"].as_f64() > first["progress"].as_f64(), "{second}");
        let last = messages.next_message();
        assert_eq!(
            last["result"]["structuredContent"]["data"]["full_name"], "octocat/hello",
            "{last}"
        );
    }
}

#[test]
fn a_client_that_does_not_ask_hears_the_answer_alone() {
    let github = SlowGithub::start();
    let server = server(&github, "off");
    let client = server.protocol("2025-11-25");
    let mut connection = server.connect();
    connection.send(&client.request("tools/call", call(None)).bytes());
    github.asked().answer(&json!({"full_name": "octocat/hello"}));
    let answer = connection.response_to("POST").expect("an answer");
    assert_eq!(answer.json()["result"]["structuredContent"]["data"]["full_name"], "octocat/hello");
}

#[test]
fn a_client_that_goes_away_stops_the_work() {
    let github = SlowGithub::start();
    for revision in ["2025-11-25", "2026-07-28"] {
        let server = server(&github, "off");
        let client = server.protocol(revision);
        let mut connection = server.connect();
        connection.send(&client.request("tools/call", call(None)).bytes());
        let waiting = github.asked();
        drop(connection);
        assert!(waiting.gives_up(), "{revision}");
        // A call that has sent progress already.
        let mut messages = client.listen("tools/call", call(Some("t-1")));
        let waiting = github.asked();
        let _ = messages.next_of("notifications/progress");
        drop(messages);
        assert!(waiting.gives_up(), "{revision}, streaming");
    }
}

#[test]
fn a_client_that_cancels_stops_the_work() {
    let github = SlowGithub::start();
    let server = server(&github, "on");
    let client = server.protocol("2025-11-25").session();
    let mut messages = client.listen("tools/call", call(Some("t-1")));
    let waiting = github.asked();
    let _ = messages.next_of("notifications/progress");
    assert_eq!(client.notify("notifications/cancelled", json!({"requestId": 1})), 202);
    assert!(waiting.gives_up());
}

#[test]
fn a_server_that_stops_ends_its_calls_first() {
    let github = SlowGithub::start();
    let server = server(&github, "off");
    let client = server.protocol("2025-11-25");
    let mut connection = server.connect();
    connection.send(&client.request("tools/call", call(None)).bytes());
    let waiting = github.asked();
    server.terminate();
    waiting.answer(&json!({"full_name": "octocat/hello"}));
    let answer = connection.response_to("POST").expect("an answer");
    assert_eq!(answer.json()["result"]["structuredContent"]["data"]["full_name"], "octocat/hello");
    assert!(server.wait().status.success());
}

#[test]
fn a_server_that_stops_ends_the_calls_of_sessions_too() {
    let github = SlowGithub::start();
    let server = server(&github, "on");
    let client = server.protocol("2025-11-25").session();
    let mut messages = client.listen("tools/call", call(None));
    let waiting = github.asked();
    server.terminate();
    // Far longer than an idle worker is kept.
    std::thread::sleep(std::time::Duration::from_secs(3));
    waiting.answer(&json!({"full_name": "octocat/hello"}));
    let answer = messages.next_message();
    assert_eq!(answer["result"]["structuredContent"]["data"]["full_name"], "octocat/hello");
    drop(messages);
    assert!(server.wait().status.success());
}

#[test]
fn an_empty_event_is_for_clients_that_know_of_it() {
    let github = SlowGithub::start();
    for (revision, is_primed) in [("2025-06-18", false), ("2025-11-25", true)] {
        let server = server(&github, "on");
        let client = server.protocol(revision).session();
        let stream = client.open_stream();
        let answer = client.send("tools/list", json!({}));
        assert_eq!(
            answer.text().contains("data:\n") || answer.text().contains("data: \n"),
            is_primed,
            "{}",
            answer.text()
        );
        assert!(answer.text().contains("\"tools\""), "{}", answer.text());
        assert_eq!(stream.status(), 200);
    }
}
