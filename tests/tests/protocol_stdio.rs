//! The Model Context Protocol over stdio.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use service_tests::{Command, TestServer};
use tempfile::TempDir;

/// A running `mcp-server stdio`, which is killed on drop.
struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Client {
    fn start(database: &str, arguments: &[&str]) -> Self {
        let arguments = [&["stdio"], arguments].concat();
        let mut command = Command::new(arguments).env("DATABASE_URL", database).into_process();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program can be run");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        Self { child, input, output }
    }

    fn hello(mut self) -> Self {
        let hello = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"},
        });
        assert_eq!(self.ask("initialize", hello)["protocolVersion"], "2025-11-25");
        self.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        self
    }

    fn send(&mut self, message: &Value) {
        let input = self.input.as_mut().expect("stdin is open");
        writeln!(input, "{message}").expect("the server reads");
    }

    fn send_line(&mut self, line: &str) {
        let input = self.input.as_mut().expect("stdin is open");
        writeln!(input, "{line}").expect("the server reads");
    }

    fn next_message(&mut self) -> Value {
        let mut line = String::new();
        let read = self.output.read_line(&mut line).expect("the server writes");
        assert!(read > 0, "the server has ended");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    #[expect(clippy::needless_pass_by_value, reason = "every caller writes the JSON there")]
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.send(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}));
        loop {
            let mut message = self.next_message();
            if message["id"] == 1 {
                assert!(message["result"].is_object(), "{message}");
                return message["result"].take();
            }
        }
    }

    /// Closes stdin and returns the exit status.
    fn end(mut self) -> Option<i32> {
        drop(self.input.take());
        self.child.wait().expect("it is our child").code()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder() -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:///{}/memory.db", folder.path().display());
    (folder, url)
}

#[test]
fn the_same_registry_and_the_same_database() {
    let (folder, url) = folder();
    let mut client = Client::start(&url, &[]).hello();
    let tools = client.ask("tools/list", json!({}));
    assert_eq!(tools["tools"][0]["name"], "query");
    let add = json!({
        "name": "change",
        "arguments": {"action": "add_user", "params": {"username": "alice"}},
    });
    assert_eq!(client.ask("tools/call", add)["isError"], false);
    assert_eq!(client.end(), Some(0));
    let folder = std::sync::Arc::new(folder);
    let server = TestServer::with([]).in_folder(&folder).start();
    assert_eq!(server.data("list_users", json!({})), json!(["alice"]));
}

#[test]
fn the_tools_are_those_that_are_asked_for() {
    let (_folder, url) = folder();
    let mut client = Client::start(&url, &["--tools", "config"]).hello();
    let tools = client.ask("tools/list", json!({}));
    let names: Vec<_> =
        tools["tools"].as_array().expect("a list").iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["get_config", "update_config"]);
    assert_eq!(client.end(), Some(0));
    let wrong = Command::new(["stdio", "--tools", "everything"]).run();
    assert!(wrong.refusal(2).contains("users, tasks, config"), "{wrong:?}");
}

#[test]
fn the_newest_revision_needs_no_handshake() {
    let (_folder, url) = folder();
    let mut client = Client::start(&url, &[]);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let response = client.ask("server/discover", json!({"_meta": meta}));
    assert!(
        response["supportedVersions"].as_array().expect("a list").contains(&json!("2026-07-28"))
    );
    let call = json!({
        "name": "change",
        "arguments": {"action": "list_users", "format": "json"},
        "_meta": meta,
    });
    let users = client.ask("tools/call", call);
    assert_eq!(users["structuredContent"], json!({"data": []}));
}

#[test]
fn changes_of_its_own_are_told() {
    let (_folder, url) = folder();
    let mut client = Client::start(&url, &[]).hello();
    let _ = client.ask("resources/subscribe", json!({"uri": "mcp://users"}));
    let add = json!({
        "name": "change",
        "arguments": {"action": "add_user", "params": {"username": "alice"}},
    });
    let _ = client.ask("tools/call", add);
    let notification = client.next_message();
    assert_eq!(notification["method"], "notifications/resources/updated", "{notification}");
    assert_eq!(notification["params"]["uri"], "mcp://users");
}

#[test]
fn an_order_to_stop_ends_it() {
    let (_folder, url) = folder();
    let mut client = Client::start(&url, &[]).hello();
    kill_process(Pid::from_child(&client.child), Signal::TERM).expect("it runs");
    assert_eq!(client.child.wait().expect("it is our child").code(), Some(0));
}

#[test]
fn a_message_that_is_refused_is_answered() {
    let (_folder, url) = folder();
    let mut client = Client::start(&url, &[]).hello();
    let deep: Value = (0..140).fold(json!(1), |inner, _| json!([inner]));
    for (text, reason) in [(json!("x".repeat(3 << 20)), "bytes"), (deep, "nested deeper")] {
        client.send(&json!({
            "method": "tools/call",
            "params": {"name": "change", "arguments": {"action": "add_task", "params": {"x": text}}},
            "jsonrpc": "2.0",
            "id": "big",
        }));
        let answer = client.next_message();
        assert_eq!(answer["id"], "big", "{answer}");
        assert!(answer["error"]["message"].as_str().expect("a text").contains(reason), "{answer}");
    }
    assert!(client.ask("tools/list", json!({}))["tools"].is_array());
    assert_eq!(client.end(), Some(0));
}

#[test]
fn what_comes_before_the_first_request_is_passed_over() {
    let (_folder, url) = folder();
    let mut client = Client::start(&url, &[]);
    client.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    let mut client = client.hello();
    assert!(client.ask("tools/list", json!({}))["tools"].is_array());
    assert_eq!(client.end(), Some(0));
}

#[test]
fn lines_are_taken_as_they_come() {
    let (_folder, url) = folder();
    let mut client = Client::start(&url, &["--tools", "config"]).hello();
    let value = r#"{"n": 12345678901234567890123,"x":1.10}"#;
    let set = format!(
        r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{{"name":"update_config","arguments":{{"key":"k","value":{value}}}}}}}"#
    );
    client.send_line(&format!("\u{feff}{set}"));
    let answer = client.next_message();
    assert_eq!(
        (&answer["id"], &answer["result"]["isError"]),
        (&json!(2), &json!(false)),
        "{answer}"
    );
    let get = json!({"name": "get_config", "arguments": {"key": "k"}});
    let text = client.ask("tools/call", get)["content"][0]["text"].to_string();
    assert!(text.contains("12345678901234567890123") && text.contains("1.10"), "{text}");
    client.send_line(r#"{"jsonrpc":"2.0","id":3,"method":"ping","params":{"a":"\ud800"}}"#);
    let answer = client.next_message();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(3), &json!(-32600)), "{answer}");
    assert_eq!(client.end(), Some(0));
}

#[test]
fn a_revision_that_is_not_served_in_full_is_not_agreed_to() {
    for revision in ["2024-11-05", "2025-03-26", "1999-01-01"] {
        let (_folder, url) = folder();
        let mut client = Client::start(&url, &[]);
        let hello = json!({
            "protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"},
        });
        let response = client.ask("initialize", hello);
        assert_eq!(response["protocolVersion"], "2025-11-25", "{revision}");
        assert!(
            response["instructions"].as_str().expect("a text").contains("Example: "),
            "{response}"
        );
    }
}
