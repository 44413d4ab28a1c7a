//! A client of the Model Context Protocol over HTTP that shows every message.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::{Connection, Request, Response, TestServer};

/// A client that uses one revision of the protocol.
#[derive(Clone, Debug)]
#[must_use]
pub struct Protocol<'a> {
    server: &'a TestServer,
    target: String,
    revision: &'static str,
    headers: Vec<(String, String)>,
}

/// A stream of messages that the server sends.
#[derive(Debug)]
pub struct Messages {
    connection: Connection,
    status: u16,
    text: String,
    waiting: VecDeque<Value>,
}

/// The newest revision; each of its requests carries the client's metadata.
const NEWEST: &str = "2026-07-28";

impl TestServer {
    /// Returns a client of this revision, for `/mcp`.
    pub fn protocol(&self, revision: &'static str) -> Protocol<'_> {
        Protocol { server: self, target: "/mcp".into(), revision, headers: Vec::new() }
    }
}

impl Protocol<'_> {
    /// Sets the query of the address, such as `tools=all`.
    pub fn query(mut self, query: &str) -> Self {
        self.target = format!("/mcp?{query}");
        self
    }

    /// Adds a header field to every request.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Builds a request.
    pub fn request(&self, method: &str, mut params: Value) -> Request {
        let request = self.server.post(&self.target);
        let request = request.header("Accept", "application/json, text/event-stream");
        let mut request = request.header("MCP-Protocol-Version", self.revision);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if self.revision == NEWEST {
            let prefix = "io.modelcontextprotocol";
            params["_meta"][format!("{prefix}/protocolVersion")] = NEWEST.into();
            params["_meta"][format!("{prefix}/clientCapabilities")] = json!({});
            params["_meta"][format!("{prefix}/clientInfo")] = json!({"name": "t", "version": "1"});
            request = request.header("Mcp-Method", method);
            if let Some(name) = params["name"].as_str().or(params["uri"].as_str()) {
                request = request.header("Mcp-Name", name);
            }
        }
        request.json(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
    }

    /// Sends a notification and returns the status.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "callers pass JSON literals")]
    pub fn notify(&self, method: &str, params: Value) -> u16 {
        let request = self.request(method, json!({}));
        let body = json!({"jsonrpc": "2.0", "method": method, "params": params});
        request.body(body.to_string()).send().status
    }

    /// Sends a request and returns the response.
    #[must_use]
    pub fn send(&self, method: &str, params: Value) -> Response {
        self.request(method, params).send()
    }

    /// Sends a request and returns its result, from JSON or from the end of a stream.
    #[must_use]
    pub fn result(&self, method: &str, params: Value) -> Value {
        let answer = self.send(method, params);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let mut body = match answer.header("content-type") {
            Some("text/event-stream") => last_event(answer.text()),
            _ => answer.json(),
        };
        assert!(body["result"].is_object(), "{body}");
        body["result"].take()
    }

    /// Sends a request and returns the code and the message of its error.
    #[must_use]
    pub fn error(&self, method: &str, params: Value) -> (i64, String) {
        let body = self.send(method, params).json();
        let error = &body["error"];
        let code = error["code"]
            .as_i64()
            .unwrap_or_else(|| panic!("the response is not an error: {body}"));
        (code, error["message"].as_str().expect("a message").to_owned())
    }

    /// Calls a tool and returns its result.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "callers pass JSON literals")]
    pub fn tool(&self, name: &str, arguments: Value) -> Value {
        self.result("tools/call", json!({"name": name, "arguments": arguments}))
    }

    /// Sends a request and returns its messages as they arrive.
    #[must_use]
    pub fn listen(&self, method: &str, params: Value) -> Messages {
        Messages::of(self.server, &self.request(method, params))
    }

    /// Opens the event stream of a session.
    #[must_use]
    pub fn open_stream(&self) -> Messages {
        let mut request = self.server.request("GET", &self.target);
        request = request.header("Accept", "text/event-stream");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        Messages::of(self.server, &request.header("MCP-Protocol-Version", self.revision))
    }

    /// Opens a session for this client.
    pub fn session(self) -> Self {
        let hello = json!({
            "protocolVersion": self.revision,
            "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"},
        });
        let answer = self.send("initialize", hello);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let id = answer.header("mcp-session-id").expect("a session").to_owned();
        let session = self.header("Mcp-Session-Id", &id);
        assert_eq!(session.notify("notifications/initialized", json!({})), 202);
        session
    }
}

impl Messages {
    fn of(server: &TestServer, request: &Request) -> Self {
        let mut connection = server.connect();
        connection.send(&request.bytes());
        let (status, _) = connection.begin().expect("a response begins");
        Self { connection, status, text: String::new(), waiting: VecDeque::new() }
    }

    /// Returns the status of the response.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Waits for the next message.
    #[must_use]
    pub fn next_message(&mut self) -> Value {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return message;
            }
            let chunk = self.connection.chunk().expect("the stream continues");
            let chunk = chunk.expect("the stream has not ended");
            self.text.push_str(str::from_utf8(&chunk).expect("events are UTF-8"));
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let data: String =
                    event.lines().filter_map(|line| line.strip_prefix("data:")).collect();
                if let Ok(message) = serde_json::from_str(data.trim()) {
                    self.waiting.push_back(message);
                }
                self.text = rest.to_owned();
            }
        }
    }

    /// Waits for the next message with this method.
    #[must_use]
    pub fn next_of(&mut self, method: &str) -> Value {
        loop {
            let message = self.next_message();
            if message["method"] == method {
                return message;
            }
        }
    }

    /// Returns whether the stream ends, after any further messages.
    #[must_use]
    pub fn ends(mut self) -> bool {
        while let Ok(Some(_)) = self.connection.chunk() {}
        true
    }
}

/// Returns the message of the last event that has one.
fn last_event(text: &str) -> Value {
    let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
    let mut messages = data.filter_map(|data| serde_json::from_str(data.trim()).ok());
    messages.next_back().unwrap_or_else(|| panic!("no message: {text}"))
}
