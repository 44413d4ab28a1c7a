//! The command line, with and without a server.

use std::net::TcpListener;

use serde_json::{Value, json};
use service_tests::{Command, Output, TestServer};

/// Creates a client command for this server.
fn client<const N: usize>(server: &TestServer, arguments: [&str; N]) -> Output {
    Command::new(arguments).env("MCP_BASE_URL", server.base_url()).run()
}

/// Runs a client command that succeeds, and returns its output: the whole response.
fn answer<const N: usize>(server: &TestServer, arguments: [&str; N]) -> Value {
    let output = client(server, arguments);
    assert_eq!((output.exit, output.stderr.as_str()), (Some(0), ""), "{output:?}");
    assert!(output.stdout.ends_with('\n'), "{output:?}");
    output.json()
}

#[test]
fn an_action_is_called_with_key_and_value() {
    let server = TestServer::start();
    let task = answer(&server, ["query", "add_task", "title=Ship v1", "priority=high"]);
    assert_eq!(task["data"]["title"], "Ship v1");
    assert_eq!(task["data"]["priority"], "high");
    let changed = answer(&server, ["query", "update_task", "task_id=1", "assigned_to=null"]);
    assert_eq!(changed["data"]["assigned_to"], Value::Null);
    let sum = answer(&server, ["query", "calculate", "operation=sum", "numbers=[1,2,3]"]);
    assert_eq!(sum["data"]["result"], 6);
    let user = answer(&server, ["query", "add_user", "username=bob", r#"metadata={"a":[1]}"#]);
    assert_eq!(user["data"], json!({ "username": "bob", "added": true }));
    let empty = answer(&server, ["query", "update_config", "key=k", "value="]);
    assert_eq!(empty["data"]["k"], "");
    let equals = answer(&server, ["query", "update_config", "key=k", "value=a=b=c"]);
    assert_eq!(equals["data"]["k"], "a=b=c");
    let text = answer(&server, ["query", "update_config", "key=k", "value=\"5\""]);
    assert_eq!(text["data"]["k"], "5");
    let unicode = answer(&server, ["query", "add_task", "title=漢字 🦀"]);
    assert_eq!(unicode["data"]["title"], "漢字 🦀");
}

#[test]
fn an_action_is_called_with_json_and_pairs_are_stronger() {
    let server = TestServer::start();
    let params = r#"{"title":"from JSON","priority":"low"}"#;
    let task = answer(&server, ["query", "add_task", "--params", params, "priority=high"]);
    assert_eq!(
        (&task["data"]["title"], &task["data"]["priority"]),
        (&json!("from JSON"), &json!("high"))
    );
    let listed = answer(&server, ["query", "list_tasks"]);
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["message"], "Action 'list_tasks' completed successfully");
}

#[test]
fn the_state_is_shown_whole_or_in_part() {
    let server = TestServer::start();
    for title in ["a", "b", "c"] {
        let _ = server.data("add_task", json!({ "title": title }));
    }
    let _ = server.data("update_task", json!({ "task_id": 2, "status": "on ice & more" }));
    assert_eq!(answer(&server, ["state"])["data"]["stats"]["total_tasks"], 3);
    let part = answer(&server, ["state", "--entity", "tasks", "--limit", "1", "--offset", "1"]);
    assert_eq!(
        (&part["data"]["tasks"][0]["title"], &part["data"]["count"]),
        (&json!("b"), &json!(1))
    );
    let status = ["state", "--entity", "tasks", "--status", "on ice & more"];
    assert_eq!(answer(&server, status)["data"]["total"], 1);
}

#[test]
fn the_log_is_shown() {
    let server = TestServer::start();
    for name in ["a", "b", "c"] {
        let _ = server.data("add_user", json!({ "username": name }));
    }
    assert_eq!(answer(&server, ["logs"])["data"].as_array().map(Vec::len), Some(3));
    let part = answer(&server, ["logs", "--limit", "1", "--offset", "1"]);
    assert_eq!(part["data"][0]["payload"]["params"]["username"], "b");
}

#[test]
fn a_reset_needs_a_yes() {
    let server = TestServer::start();
    let _ = server.data("add_user", json!({ "username": "a" }));
    let refused = client(&server, ["reset"]);
    assert!(refused.refusal(2).contains("--yes"));
    assert_eq!(server.data("list_users", json!({})), json!(["a"]));
    assert_eq!(answer(&server, ["reset", "--yes"])["data"], json!({ "reset": true }));
    assert_eq!(server.data("list_users", json!({})), json!([]));
}

#[test]
fn what_the_server_refuses_is_one_line_and_status_1() {
    let server = TestServer::start();
    for (arguments, wanted) in [
        (["query", "add_task", "priority=high"], "title is required"),
        (["query", "nope", "a=1"], "Unknown action: nope"),
        (["query", "delete_task", "task_id=7"], "Task 7 not found"),
        (["query", "delete_task", "task_id=seven"], "task_id must be an integer"),
        (["query", "get_user", "username="], "username is required"),
        (["query", "remove_user", "username=a\nb"], "User a b not found"),
    ] {
        let output = client(&server, arguments);
        let line = output.refusal(1);
        assert!(line.starts_with("mcp-server: ") && line.contains(wanted), "{line}");
    }
}

#[test]
fn the_key_comes_from_the_flag_or_the_environment() {
    let server = TestServer::with([("MCP_API_KEY", "k-12345")]).start();
    assert!(client(&server, ["state"]).refusal(1).contains("Missing X-API-Key header"));
    assert!(client(&server, ["state", "--api-key", "nope"]).refusal(1).contains("Invalid API key"));
    assert_eq!(answer(&server, ["state", "--api-key", "k-12345"])["success"], true);
    let from_environment = Command::new(["state"])
        .env("MCP_BASE_URL", server.base_url())
        .env("MCP_API_KEY", "k-12345")
        .run();
    assert_eq!(from_environment.json()["success"], true);
    let base_url = server.base_url();
    let flag = Command::new(["logs", "--base-url", &base_url, "--api-key", "k-12345"])
        .env("MCP_BASE_URL", "http://127.0.0.1:1")
        .env("MCP_API_KEY", "nope")
        .run();
    assert_eq!(flag.json()["success"], true);
}

#[test]
fn a_server_on_this_machine_is_not_called_through_a_proxy() {
    let server = TestServer::with([("MCP_API_KEY", "k-12345")]).start();
    let proxy = TcpListener::bind("127.0.0.1:0").expect("a port");
    proxy.set_nonblocking(true).expect("it is a socket");
    let proxy_url = format!("http://{}", proxy.local_addr().expect("an address"));
    let port = server.address().port();
    for host in ["127.0.0.1", "localhost"] {
        let mut command = Command::new(["state", "--api-key", "k-12345"])
            .env("MCP_BASE_URL", format!("http://{host}:{port}"));
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            command = command.env(name, &proxy_url);
        }
        assert_eq!(command.run().json()["success"], true, "{host}");
        assert!(proxy.accept().is_err(), "the proxy got a request for {host}");
    }
}

#[test]
fn a_server_that_does_not_answer_is_one_line_and_status_3() {
    // The port is free again: nothing listens there.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port");
    let url = format!("http://{port}");
    for arguments in
        [["query", "list_users"].as_slice(), &["state"], &["logs"], &["reset", "--yes"]]
    {
        let output = Command::new(arguments).env("MCP_BASE_URL", &url).run();
        let line = output.refusal(3);
        assert!(line.contains(&url), "{line}");
    }
}

/// Runs `state` against a server that sends this response.
fn state_of_a_stranger(answer: &'static str) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let stranger = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut stream, _) = listener.accept().expect("a client");
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(answer.as_bytes());
    });
    let output = Command::new(["state", "--base-url", &url]).run();
    stranger.join().expect("the stranger");
    output
}

#[test]
fn a_server_that_talks_no_http_is_one_line_and_not_success() {
    assert!(!state_of_a_stranger("SSH-2.0-OpenSSH_9.2\r\n").refusal(3).is_empty());
}

#[test]
fn what_a_server_says_does_not_steer_the_terminal() {
    let output = state_of_a_stranger(concat!(
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 59\r\n\r\n",
        r#"{"detail":"a\u001b]0;x\u0007b\r\nc\u009b1md\u007fe \u00fc"}"#
    ));
    assert_eq!(output.refusal(1), "mcp-server: a ]0;x b  c 1md e ü");
}

#[test]
fn what_is_no_json_is_no_answer() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<p>Hi</p>",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}}",
    ] {
        let output = state_of_a_stranger(answer);
        assert!(output.refusal(3).contains("no JSON"), "{output:?}");
    }
}

#[test]
fn a_wrong_command_is_one_line_and_status_2() {
    for arguments in [
        ["query"].as_slice(),
        &["query", "add_task", "title"],
        &["query", "add_task", "=x"],
        &["query", "add_task", "--params", "not json"],
        &["query", "add_task", "--params", "[1]"],
        &["state", "--entity", "nope"],
        &["state", "--limit", "-1"],
        &["state", "--limit", "many"],
        &["logs", "--status", "x"],
        &["actions", "nope"],
        &["completions", "tcsh"],
        &["nope"],
        &["--nope"],
        &["start", "--port"],
        &["state", "--base-url", "not a url"],
        &["state", "--base-url", "ftp://127.0.0.1"],
        &["state", "--base-url", "http://127.0.0.1:1?x=1"],
        &["state", "--base-url", "http://127.0.0.1:1/?"],
        &["state", "--base-url", "http://127.0.0.1:1/#x"],
        &["state", "--api-key", "k\n1"],
    ] {
        let output = Command::new(arguments).run();
        let line = output.refusal(2);
        assert!(line.starts_with("mcp-server: "), "{arguments:?}: {line}");
    }
}

#[test]
fn the_actions_are_listed_without_a_server() {
    let output = Command::new(["actions"]).run();
    assert_eq!((output.exit, output.stderr.as_str()), (Some(0), ""));
    for signature in [
        "list_users()",
        "add_task(title, description?, priority?=medium, status?=pending, assigned_to?)",
        "delete_task(task_id)",
        "summarize_data()",
        "github_search_repositories(query",
        "figma_get_file(file_key, depth?)",
        "playwright_screenshot(url",
    ] {
        assert!(output.stdout.contains(signature), "{signature}: {}", output.stdout);
    }
}

#[test]
fn every_action_of_the_server_is_shown_with_its_parameters_and_example() {
    let server = TestServer::start();
    let document = server.get("/openapi.json").json();
    let calls = &document["components"]["schemas"]["Call"]["discriminator"]["mapping"];
    let names = calls.as_object().expect("actions").keys();
    for name in names {
        let output = Command::new(["actions", name]).run();
        assert_eq!(output.exit, Some(0), "{output:?}");
        assert!(output.stdout.starts_with(&format!("{name}(")), "{}", output.stdout);
        assert!(output.stdout.contains(&format!("mcp-server query {name}")), "{}", output.stdout);
    }
}

#[test]
fn completions_are_written_for_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let output = Command::new(["completions", shell]).run();
        assert_eq!((output.exit, output.stderr.as_str()), (Some(0), ""));
        for word in ["mcp-server", "query", "completions", "base-url"] {
            assert!(output.stdout.contains(word), "{shell}: {word}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn where_nothing_can_be_written_the_exit_status_is_the_same() {
    use std::fs::File;
    use std::process::Stdio;
    let full = || Stdio::from(File::create("/dev/full").expect("Linux has it"));
    let exit = |arguments: &[&str], stdout: Stdio, stderr: Stdio| {
        let mut command = Command::new(arguments).env("MCP_BASE_URL", "http://127.0.0.1:1");
        command = command.env("DATABASE_URL", "sqlite:///no/such/folder/memory.db");
        command.into_process().stdout(stdout).stderr(stderr).status().expect("it runs").code()
    };
    for (arguments, wanted) in [
        (["start", "--port", "0"].as_slice(), 1),
        (&["db", "check"], 1),
        (&["config", "--port", "abc"], 2),
        (&["query"], 2),
        (&["query", "add_task", "title=t"], 3),
    ] {
        assert_eq!(exit(arguments, Stdio::null(), full()), Some(wanted), "{arguments:?}");
    }
    for arguments in [["completions", "bash"].as_slice(), &["actions"], &["config"]] {
        assert_eq!(exit(arguments, full(), Stdio::null()), Some(1), "{arguments:?}");
        assert_eq!(exit(arguments, full(), full()), Some(1), "{arguments:?}");
    }
}

#[test]
fn help_and_version_are_no_failure() {
    for arguments in [["--help"].as_slice(), &["query", "--help"], &["help"], &["--version"]] {
        let output = Command::new(arguments).run();
        assert_eq!((output.exit, output.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(output.stdout.contains("mcp-server"), "{arguments:?}");
    }
    let server = TestServer::start();
    let version = Command::new(["--version"]).run().stdout;
    let running = server.get("/").json()["version"].as_str().expect("a version").to_owned();
    assert_eq!(version.trim(), format!("mcp-server {running}"));
}

#[test]
fn a_base_url_may_have_a_path_or_end_in_a_slash() {
    let server = TestServer::start();
    let url = format!("{}/", server.base_url());
    assert_eq!(Command::new(["state", "--base-url", &url]).run().json()["success"], true);
    let below = format!("{}/nowhere", server.base_url());
    let output = Command::new(["state", "--base-url", &below]).run();
    assert!(output.refusal(1).contains("Not Found"));
}
