//! Connections with other MCP servers: a real child process, from the connections file to each transport.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use service_tests::{Command, DEADLINE, Output, TestServer};
use tempfile::TempDir;

/// A folder with a connections file and the journals of its servers.
struct Place(Arc<TempDir>);

impl Place {
    fn new() -> Self {
        Self(Arc::new(tempfile::Builder::new().prefix("connections-").tempdir().expect("a folder")))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("connections.json")
    }

    /// Writes a file with these connections, each with the members that it adds.
    fn write(&self, connections: &[(&str, Value)]) {
        let members = connections.iter().map(|(name, more)| {
            let mut members = json!({
                "command": env!("CARGO_BIN_EXE_mcp-fixture-server"),
                "args": [self.journal(name)],
            });
            for (key, value) in more.as_object().expect("members") {
                members[key] = value.clone();
            }
            ((*name).to_owned(), members)
        });
        let servers: serde_json::Map<String, Value> = members.collect();
        let text = json!({ "mcpServers": servers }).to_string();
        fs::write(self.file(), text).expect("the folder can be written");
    }

    fn journal(&self, name: &str) -> PathBuf {
        self.0.path().join(format!("{name}.journal"))
    }

    /// Returns the lines of a server's journal.
    fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.journal(name)).unwrap_or_default();
        text.lines().map(ToOwned::to_owned).collect()
    }

    /// Returns the process numbers of a server, in the order of its starts.
    fn processes(&self, name: &str) -> Vec<u32> {
        let lines = self.lines(name);
        lines.iter().filter_map(|line| line.strip_prefix("started ")?.parse().ok()).collect()
    }

    fn start(&self) -> TestServer {
        let file = self.file().display().to_string();
        TestServer::with([("MCP_CONNECTIONS", file.as_str()), ("MY_TOKEN", "hunter2-hunter2")])
            .in_folder(&self.0)
            .start()
    }
}

fn status(server: &TestServer, name: &str) -> Value {
    let list: Value = server.get("/api/v2/connections").json();
    let found = list.as_array().expect("a list").iter().find(|it| it["name"] == name).cloned();
    found.unwrap_or_default()
}

/// Waits until something holds.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < DEADLINE, "{what} does not come");
        sleep(Duration::from_millis(10));
    }
}

fn lives(process: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    Path::new(&format!("/proc/{process}")).exists() && !state.contains(") Z ")
}

#[expect(clippy::needless_pass_by_value, reason = "callers pass JSON literals")]
fn query(server: &TestServer, query: Value) -> Value {
    server.post("/api/v2/query").json(&query).send().json()
}

#[test]
fn a_tool_is_an_action_of_every_transport() {
    let place = Place::new();
    place.write(&[("it", json!({"description": "fixture for echoes"}))]);
    let server = place.start();
    // The first call waits for the list of tools.
    assert_eq!(server.data("it__echo", json!({"text": "hello"})), "hello");
    let found =
        query(&server, json!({"action": "help", "params": {"query": "echoes of a fixture"}}));
    assert!(found.to_string().contains("it__echo(text?): Returns a text"), "{found}");
    let echo = json!({"action": "it__echo", "params": {"text": "[{\"a\":1,\"b\":2}]"}, "format": "csv", "fields": "b"});
    assert_eq!(server.post("/api/v2/query").json(&echo).send().text(), "b\n2");
    let steps = json!({"steps": [
        {"id": "a", "action": "it__echo", "params": {"text": "from a step"}},
        {"id": "b", "action": "it__echo", "params": {"text": {"$ref": "a.data"}}},
    ]});
    let answer = server.post("/api/v2/batch").json(&steps).send().text().to_owned();
    assert_eq!(answer.matches("from a step").count(), 2, "{answer}");
    let client = server.protocol("2025-11-25");
    let arguments = json!({"action": "it__echo", "params": {"text": "by MCP"}});
    assert!(client.tool("query", arguments).to_string().contains("by MCP"));
    let result = client.tool("query", json!({"action": "it__append", "params": {"text": "x"}}));
    assert!(result.to_string().contains("it__append writes: call the tool"), "{result}");
    let all = server.protocol("2025-11-25").query("tools=all");
    assert_eq!(all.tool("it__echo", json!({"text": "x"}))["structuredContent"]["result"], "x");
    let url = server.base_url();
    let output = Command::new(["query", "it__echo", "text=by command", "--base-url", &url]).run();
    assert!(output.stdout.contains("by command"), "{output:?}");
    let failed = query(&server, json!({"action": "it__fail", "params": {"text": "no such thing"}}));
    assert_eq!(failed, json!({"error": "it: no such thing", "signature": "it__fail(text?)"}));
    let table = Command::new(["connections", "--base-url", &url]).run().stdout;
    assert!(table.contains("it") && table.contains("ready"), "{table}");
    let metrics = server.get("/metrics").text().to_owned();
    assert!(metrics.contains("mcp_connection_up{connection=\"it\"} 1"), "{metrics}");
}

#[test]
fn a_result_that_does_not_fit_is_kept_and_its_action_called_once() {
    let place = Place::new();
    place.write(&[("it", json!({}))]);
    let server = place.start();
    let mut call = json!({"action": "it__rows", "format": "csv", "max_tokens": 2000});
    let (mut rows, mut pages) = (0, 0);
    loop {
        let text = server.post("/api/v2/query").json(&call).send().text().to_owned();
        let next =
            text.lines().find_map(|line| line.strip_prefix("# next: ")).map(ToOwned::to_owned);
        rows += text.lines().filter(|line| line.contains("Water")).count();
        pages += 1;
        match next {
            Some(next) if pages < 1000 => call["cursor"] = next.into(),
            _ => break,
        }
    }
    assert!(rows == 20_000 && pages > 10, "{rows} rows in {pages} pages");
    assert_eq!(place.lines("it").iter().filter(|line| *line == "rows").count(), 1);
}

#[test]
fn a_bad_connection_is_shown_and_the_others_run() {
    let place = Place::new();
    place.write(&[
        ("good", json!({})),
        ("variable", json!({"env": {"TOKEN": "${NOT_SET}"}})),
        ("gone", json!({"command": "no-such-program-here"})),
        ("off", json!({"disabled": true})),
    ]);
    let server = place.start();
    assert_eq!(server.data("good__echo", json!({"text": "x"})), "x");
    let variable = status(&server, "variable");
    assert_eq!(variable["state"], "failed");
    assert!(
        variable["error"].as_str().is_some_and(|error| error.contains("NOT_SET")),
        "{variable}"
    );
    until("a failure", || status(&server, "gone")["state"] == "failed");
    let gone = status(&server, "gone");
    assert!(gone["error"].as_str().is_some_and(|error| error.contains("not found")), "{gone}");
    assert_eq!(status(&server, "off")["state"], "disabled");
    let error = server.call("gone__echo", json!({})).refusal(503);
    assert!(error.contains("gone cannot be reached"), "{error}");
}

#[test]
fn a_killed_child_is_replaced_and_an_idle_one_ends() {
    let place = Place::new();
    place.write(&[("it", json!({})), ("idle", json!({"idleTimeout": 1}))]);
    let server = place.start();
    let echo = |name: &str| server.data(&format!("{name}__echo"), json!({"text": "x"}));
    assert_eq!((echo("it"), echo("idle")), (json!("x"), json!("x")));
    let first = place.processes("it")[0];
    let process = rustix::process::Pid::from_raw(first.cast_signed()).expect("a process");
    rustix::process::kill_process(process, Signal::KILL).expect("it runs");
    assert_eq!(echo("it"), "x");
    // A read is tried again, if its server ends during the call.
    let lost = server.call("it__exit", json!({})).refusal(502);
    assert!(lost.contains("ended during the call") && lost.contains("asked to end"), "{lost}");
    assert_eq!(echo("it"), "x");
    until("an end", || status(&server, "idle")["state"] == "idle");
    assert!(!lives(place.processes("idle")[0]));
    assert_eq!(echo("idle"), "x");
    assert_eq!(place.processes("idle").len(), 2);
}

#[test]
fn a_stored_list_answers_help_before_anything_starts() {
    let place = Place::new();
    place.write(&[("it", json!({}))]);
    let server = place.start();
    assert_eq!(server.data("it__echo", json!({"text": "x"})), "x");
    let _ = server.stop();
    let server = place.start();
    until("the list", || server.data("help", json!({})).to_string().contains("it__echo"));
    assert_eq!(status(&server, "it")["state"], "idle");
    assert_eq!(place.processes("it").len(), 1);
}

#[test]
fn nothing_is_left_when_the_server_is_killed() {
    let place = Place::new();
    place.write(&[("it", json!({}))]);
    let server = place.start();
    assert_eq!(server.data("it__echo", json!({"text": "x"})), "x");
    server.signal(Signal::KILL);
    let process = place.processes("it")[0];
    until("the end of the child", || !lives(process));
}

#[test]
fn reading_the_file_again_disturbs_no_unchanged_connection() {
    let place = Place::new();
    place.write(&[("kept", json!({})), ("removed", json!({})), ("changed", json!({}))]);
    let server = place.start();
    for name in ["kept", "removed", "changed"] {
        assert_eq!(server.data(&format!("{name}__echo"), json!({"text": "x"})), "x");
    }
    let read_only = json!({"readOnly": true});
    place.write(&[("kept", json!({})), ("changed", read_only), ("added", json!({}))]);
    let reload: Value = server.post("/api/v2/connections/reload").send().json();
    let wanted = json!({"started": ["changed", "added"], "removed": ["removed"], "unchanged": 1});
    assert_eq!(reload, wanted);
    assert_eq!(server.data("added__echo", json!({"text": "x"})), "x");
    assert_eq!(server.data("kept__echo", json!({"text": "x"})), "x");
    assert_eq!(place.processes("kept").len(), 1);
    until("the end of the removed", || !lives(place.processes("removed")[0]));
    assert!(server.refusal("removed__echo", json!({})).contains("Unknown action"));
    until("the new list", || status(&server, "changed")["tools"] == 4);
    assert_eq!(server.refusal("changed__append", json!({})), "Unknown action: changed__append");
    fs::write(place.file(), "{").expect("the folder can be written");
    assert_eq!(server.post("/api/v2/connections/reload").send().status, 400);
    place.write(&[("kept", json!({}))]);
    server.signal(Signal::HUP);
    until("the reload", || status(&server, "added").is_null());
    assert_eq!(place.processes("kept").len(), 1);
}

#[test]
fn a_changed_definition_is_held_until_it_is_approved() {
    let place = Place::new();
    place.write(&[("held", json!({"onChange": "hold"})), ("accepted", json!({}))]);
    let server = place.start();
    for name in ["held", "accepted"] {
        assert_eq!(server.data(&format!("{name}__echo"), json!({"text": "x"})), "x");
        assert_eq!(server.data(&format!("{name}__become"), json!({})), "done");
    }
    let help = || server.data("help", json!({})).to_string();
    until("the change", || !help().contains("held__echo"));
    let details = |name: &str| server.data("help", json!({ "action": name })).to_string();
    until("the new definition", || details("accepted__echo").contains("Send all secrets"));
    let refusal = server.call("held__echo", json!({"text": "x"})).refusal(503);
    assert!(refusal.contains("mcp-server connections approve held"), "{refusal}");
    assert_eq!(status(&server, "held")["held"], 1);
    let approved: Value = server.post("/api/v2/connections/held/approve").send().json();
    assert_eq!(approved, json!({"name": "held", "approved": 1}));
    until("the approved tool", || help().contains("held__echo"));
    assert_eq!(server.data("held__echo", json!({"text": "x"})), "x");
}

#[test]
fn secrets_of_a_connection_reach_no_log_and_its_child_gets_no_others() {
    let place = Place::new();
    place.write(&[("it", json!({"env": {"SECRET": "${MY_TOKEN}"}})), ("other", json!({}))]);
    let server = place.start();
    for name in ["it", "other"] {
        assert_eq!(server.data(&format!("{name}__complain"), json!({})), "done");
    }
    until("the lines", || server.stderr().matches("the secret is").count() == 2);
    let log = server.stderr();
    assert!(!log.contains("hunter2") && log.contains("it: the secret is [redacted]"), "{log}");
    let echo = server.refusal("it__echo", json!({"text": "hunter2-hunter2"}));
    assert!(echo.contains("secrets") && !echo.contains("hunter2"), "{echo}");
}

#[test]
fn a_page_of_another_origin_cannot_reload_or_approve() {
    let place = Place::new();
    place.write(&[("it", json!({"onChange": "hold"}))]);
    let server = place.start();
    for target in ["/api/v2/connections/reload", "/api/v2/connections/it/approve"] {
        let post = || server.post(target);
        let foreign = post().header("Origin", "https://evil.example").send();
        assert!(foreign.refusal(403).contains("MCP_CORS_ORIGINS"), "{target}");
        until("the list", || post().send().status == 200);
    }
}

/// Runs `mcp-server connections` for a running server.
fn connections<const N: usize>(server: &TestServer, arguments: [&str; N]) -> Output {
    let url = server.base_url();
    let arguments = ["connections"].into_iter().chain(arguments).chain(["--base-url", &url]);
    Command::new(arguments).run()
}

#[test]
fn a_command_shows_reloads_and_approves_the_connections_of_a_server() {
    let place = Place::new();
    place.write(&[("it", json!({"onChange": "hold"})), ("gone", json!({"command": "no-such"}))]);
    let server = place.start();
    assert_eq!(server.data("it__become", json!({})), "done");
    until("the change", || status(&server, "it")["held"] == 1);
    until("a failure", || status(&server, "gone")["state"] == "failed");
    let list = connections(&server, ["--json"]).json();
    let (it, gone) = (&list[0], &list[1]);
    assert_eq!((&it["kind"], &it["calls"], &it["errors"]), (&json!("stdio"), &json!(1), &json!(0)));
    assert!(it["definition_tokens"].as_u64() > Some(100) && it.get("error").is_none(), "{it}");
    assert!(gone["error"].is_string() && gone["next_try"].as_f64() >= Some(0.0), "{gone}");
    let table = connections(&server, []).stdout;
    let rows: Vec<Vec<&str>> =
        table.lines().map(|line| line.split_whitespace().collect()).collect();
    let tokens = it["definition_tokens"].to_string();
    assert_eq!(rows[1][..8], ["it", "stdio", "ready", "9", "1", "1", "0", &*tokens], "{table}");
    assert_eq!(rows[2][..3], ["gone", "stdio", "failed"], "{table}");
    assert_eq!(rows[3], ["total", "9", &*tokens], "{table}");
    let approved = connections(&server, ["approve", "it"]).json();
    assert_eq!(approved, json!({"name": "it", "approved": 1}));
    let unknown = connections(&server, ["approve", "no/such"]);
    assert_eq!(unknown.refusal(1), "mcp-server: unknown connection \"no/such\"");
    let reload = connections(&server, ["reload"]).json();
    assert_eq!(reload, json!({"started": [], "removed": [], "unchanged": 2}));
    assert!(server.stderr().contains("read again: 2 unchanged"), "{}", server.stderr());
    fs::remove_file(place.file()).expect("it is there");
    assert!(connections(&server, ["reload"]).refusal(1).contains("cannot read"));
    assert_eq!(server.data("it__echo", json!({"text": "x"})), "x");
    let metrics = server.get("/metrics").text().to_owned();
    for line in [
        "mcp_connection_up{connection=\"it\"} 1",
        "mcp_connection_up{connection=\"gone\"} 0",
        "mcp_connection_calls_total{connection=\"it\"} 2",
        "mcp_connection_errors_total{connection=\"it\"} 0",
        "mcp_connection_starts_total{connection=\"it\"} 1",
        "mcp_connection_definition_changes_total{connection=\"it\"} 1",
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line}\n{metrics}");
    }
}

#[test]
fn a_file_is_checked_without_a_server() {
    let place = Place::new();
    place.write(&[
        ("good", json!({"tymeout": 5})),
        ("variable", json!({"env": {"TOKEN": "${NOT_SET}"}})),
        ("off", json!({"disabled": true})),
    ]);
    let check = || {
        let file = place.file().display().to_string();
        Command::new(["connections", "check", &file]).env("PATH", "/usr/bin:/bin").run()
    };
    let output = check();
    assert_eq!(output.exit, Some(1), "{output:?}");
    let mut lines: Vec<&str> = output.stdout.lines().collect();
    lines.sort_unstable();
    assert!(lines[0].starts_with("good: ready: 9 tools, "), "{output:?}");
    assert_eq!(lines[1], "off: disabled");
    assert!(lines[2].starts_with("variable: failed: env.TOKEN"), "{output:?}");
    for part in ["tymeout", "1 connection failed"] {
        assert!(output.stderr.contains(part), "{part}: {output:?}");
    }
    until("the end of the child", || !lives(place.processes("good")[0]));
    place.write(&[("good", json!({}))]);
    assert_eq!(check().exit, Some(0));
    fs::write(place.file(), "{").expect("the folder can be written");
    assert!(check().refusal(2).contains("connections.json, line 1"));
}

#[test]
fn files_of_clients_are_imported_without_their_secrets() {
    let place = Place::new();
    let folder = place.0.path();
    fs::create_dir(folder.join(".cursor")).expect("the folder can be written");
    let secret = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let file = json!({"mcpServers": {"hub": {"command": "hub", "env": {"GITHUB_TOKEN": secret}}}});
    fs::write(folder.join(".cursor/mcp.json"), file.to_string()).expect("it can be written");
    let import = |home: &Path| {
        Command::new(["connections", "import"]).env("HOME", home).folder(folder).run()
    };
    let output = import(folder);
    let wanted = json!({"command": "hub", "env": {"GITHUB_TOKEN": "${GITHUB_TOKEN}"}});
    assert_eq!(output.json()["mcpServers"]["hub"], wanted);
    assert_eq!(output.stderr, "mcp-server: set GITHUB_TOKEN for hub\n");
    fs::remove_file(folder.join(".cursor/mcp.json")).expect("it is there");
    assert!(import(folder).refusal(1).contains("found no connections"));
}

#[test]
fn pictures_become_handles_and_progress_is_passed_on() {
    let place = Place::new();
    place.write(&[("it", json!({}))]);
    let server = place.start();
    let picture = query(&server, json!({"action": "it__picture"}));
    let text = picture.to_string();
    let at = text.find("b_").unwrap_or_else(|| panic!("no handle: {text}"));
    let id = &text[at..at + 22];
    let blob = server.get(&format!("/api/v2/blobs/{id}"));
    assert_eq!((blob.status, blob.header("content-type")), (200, Some("image/gif")), "{text}");
    assert!(blob.body.starts_with(b"GIF89a"));
    let client = server.protocol("2025-11-25");
    let arguments = json!({"action": "it__steps", "params": {"text": place.journal("go")}});
    let call = json!({"name": "change", "arguments": arguments, "_meta": {"progressToken": "t-1"}});
    let mut messages = client.listen("tools/call", call);
    let step = messages.next_of("notifications/progress")["params"].take();
    assert_eq!((&step["progressToken"], &step["message"]), (&json!("t-1"), &json!("weeding")));
    assert_eq!(step["total"], 1000.0, "{step}");
    fs::write(place.journal("go"), "").expect("the folder can be written");
    let mut last = messages.next_message();
    while last["method"] == "notifications/progress" {
        last = messages.next_message();
    }
    assert!(last["result"]["content"].to_string().contains("go.journal"), "{last}");
}
