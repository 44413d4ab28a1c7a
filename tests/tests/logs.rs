//! The log of actions: its entries, their retention, and the secrets that it must not contain.

use std::fs;

use serde_json::{Value, json};
use service_tests::TestServer;

/// Returns the entries of `/logs`.
fn logs(server: &TestServer, query: &str) -> Vec<Value> {
    let answer = server.get(&format!("/api/v1/logs?{query}"));
    let data = answer.data();
    let entries = data.as_array().expect("a list").clone();
    assert_eq!(answer.json()["message"], format!("Retrieved {} logs", entries.len()));
    entries
}

/// Returns the usernames in the entries' parameters.
fn names(entries: &[Value]) -> String {
    let name = |entry: &Value| entry["payload"]["params"]["username"].as_str().map(str::to_owned);
    entries.iter().map(|entry| name(entry).expect("a username")).collect()
}

/// Returns whether a file in the server's folder, or its stderr, contains this text.
fn traces(server: &TestServer, text: &str) -> Vec<String> {
    let files = fs::read_dir(server.folder()).expect("the folder");
    let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|it| it == text.as_bytes());
    let mut found: Vec<String> = files
        .map(|file| file.expect("a file").path())
        .filter(|path| holds(&fs::read(path).expect("the file is readable")))
        .map(|path| path.display().to_string())
        .collect();
    found.extend(server.stderr().lines().filter(|line| line.contains(text)).map(Into::into));
    found
}

#[test]
fn every_call_has_one_entry_and_the_newest_is_last() {
    let server = TestServer::start();
    let _ = server.data("list_users", json!({}));
    let _ = server.data("add_user", json!({ "username": "alice", "role": "admin" }));
    let _ = server.refusal("add_user", json!({ "username": "alice" }));
    let _ = server.refusal("no_such_action", json!({ "x": 1 }));
    let _ = server.refusal("add_task", json!({ "title": 5 }));
    let mut entries = logs(&server, "");
    for entry in &mut entries {
        let members: Vec<_> = entry.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["timestamp", "action", "payload", "status"]);
        assert!(entry["timestamp"].take().is_string());
    }
    let entry = |action: &str, params: Value, result: &str, status: &str| {
        let payload = json!({ "params": params, "result": result });
        json!({ "timestamp": null, "action": action, "payload": payload, "status": status })
    };
    let alice = json!({ "username": "alice", "role": "admin" });
    let wanted = [
        entry("list_users", json!({}), "[]", "success"),
        entry("add_user", alice, r#"{"username":"alice","added":true}"#, "success"),
        entry("add_user", json!({ "username": "alice" }), "User alice already exists", "error"),
        entry("no_such_action", json!({ "x": 1 }), "Unknown action: no_such_action", "error"),
        entry("add_task", json!({ "title": 5 }), "title must be a string, not an integer", "error"),
    ];
    assert_eq!(entries, wanted);
}

#[test]
fn requests_that_call_no_action_have_no_entry() {
    let server = TestServer::start();
    let _ = server.get("/");
    let _ = server.get("/api/v1/state");
    let _ = server.get("/api/v1/logs");
    let _ = server.post("/api/v1/query").json_text("not json").send();
    let _ = server.get("/nope");
    assert_eq!(logs(&server, ""), Vec::<Value>::new());
}

#[test]
fn limit_and_offset_count_from_the_newest() {
    let server = TestServer::start();
    for name in ["a", "b", "c", "d", "e"] {
        let _ = server.data("add_user", json!({ "username": name }));
    }
    for (query, wanted) in [
        ("", "abcde"),
        ("limit=2", "de"),
        ("limit=2&offset=1", "cd"),
        ("offset=3", "ab"),
        ("limit=0", ""),
        ("offset=5", ""),
        ("limit=1000000", "abcde"),
        ("limit=99999999999999999999", "abcde"),
        ("offset=99999999999999999999", ""),
    ] {
        assert_eq!(names(&logs(&server, query)), wanted, "{query}");
    }
}

#[test]
fn as_many_entries_are_kept_as_the_retention_says() {
    for (retention, wanted) in [("0", ""), ("1", "i"), ("5", "efghi"), ("1000", "abcdefghi")] {
        let server = TestServer::with([("MCP_LOG_RETENTION", retention)]).start();
        for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i"] {
            let _ = server.data("add_user", json!({ "username": name }));
            let kept = logs(&server, "").len();
            assert!(kept <= retention.parse().expect("a number"), "{kept} of {retention}");
        }
        assert_eq!(names(&logs(&server, "")), wanted, "{retention}");
        let stats = server.get("/api/v1/state").data()["stats"].clone();
        assert_eq!(stats["total_logs"], wanted.len(), "{retention}");
    }
}

#[test]
fn entries_of_reads_are_trimmed_like_those_of_writes() {
    let server = TestServer::with([("MCP_LOG_RETENTION", "3")]).start();
    for _ in 0..20 {
        let _ = server.data("list_users", json!({}));
        let _ = server.refusal("nope", json!({}));
    }
    assert_eq!(logs(&server, "").len(), 3);
}

#[test]
fn a_smaller_retention_counts_from_the_next_start() {
    let server = TestServer::start();
    for name in ["a", "b", "c", "d", "e"] {
        let _ = server.data("add_user", json!({ "username": name }));
    }
    let stopped = server.stop();
    let fewer = TestServer::with([("MCP_LOG_RETENTION", "2")]).in_folder(&stopped.folder).start();
    let _ = fewer.data("add_user", json!({ "username": "f" }));
    assert_eq!(names(&logs(&fewer, "")), "ef");
}

#[test]
fn the_log_is_there_after_a_restart() {
    let server = TestServer::start();
    let _ = server.data("add_user", json!({ "username": "a" }));
    let _ = server.data("get_user", json!({ "username": "b" }));
    let before = logs(&server, "");
    let stopped = server.stop();
    let again = TestServer::with([]).in_folder(&stopped.folder).start();
    assert_eq!(logs(&again, ""), before);
}

#[test]
fn a_result_is_cut_at_200_characters_and_not_within_one() {
    let server = TestServer::start();
    for letter in ["x", "ü", "漢", "🦀"] {
        let title = letter.repeat(1000);
        let _ = server.data("add_task", json!({ "title": title }));
        let entry = &logs(&server, "limit=1")[0];
        let result = entry["payload"]["result"].as_str().expect("a text");
        assert_eq!(result.chars().count(), 200, "{result}");
        assert!(result.ends_with(letter), "{result}");
        assert_eq!(entry["payload"]["params"]["title"], title);
    }
}

#[test]
fn values_under_keys_that_name_secrets_are_hidden_at_any_depth() {
    let secret = "hunter2-hunter2";
    let keys = [
        "token",
        "password",
        "api_key",
        "authorization",
        "secret",
        "Token",
        "PASSWORD",
        "apiKey",
        "X-API-Key",
        "api key",
        "client_secret",
        "githubToken",
        "passwd",
        "Authorization",
        "access_token",
        "private_key",
        "credentials",
        "pass\u{200b}word",
    ];
    let server = TestServer::start();
    for (number, key) in keys.iter().enumerate() {
        for value in [json!(secret), json!([secret]), json!({ "inner": { "deep": secret } })] {
            let held = json!({ *key: value.clone() });
            let deep = json!({ "a": [1, { "b": [[held]] }], "plain": "stays" });
            // An unknown action, so that only the entry is stored.
            let _ = server.refusal("no_such_action", deep);
            let entry = logs(&server, "limit=1").remove(0);
            let text = entry.to_string();
            assert!(!text.contains(secret), "{number} {key}: {text}");
            assert!(text.contains("stays") && text.contains(key), "{number} {key}: {text}");
        }
    }
    assert_eq!(traces(&server, secret), Vec::<String>::new());
}

#[test]
fn a_key_is_known_for_a_secret_however_its_letters_are_escaped() {
    let server = TestServer::start();
    let body = r#"{"action":"nope","params":{"p\u0061ssword":"hunter2-hunter2"}}"#;
    let _ = server.post("/api/v1/query").json_text(body).send();
    assert!(!logs(&server, "")[0].to_string().contains("hunter2"));
    assert_eq!(traces(&server, "hunter2"), Vec::<String>::new());
}

#[test]
fn a_config_value_whose_name_is_a_secrets_is_hidden_in_the_log_and_kept_in_the_memory() {
    let server = TestServer::start();
    let set = json!({ "key": "github_token", "value": "hunter2-hunter2" });
    let _ = server.data("update_config", set);
    let read = server.data("get_config", json!({ "key": "github_token" }));
    assert_eq!(read["github_token"], "hunter2-hunter2");
    let _ = server.data("get_config", json!({}));
    for entry in logs(&server, "") {
        assert!(!entry.to_string().contains("hunter2"), "{entry}");
    }
}

#[test]
fn the_configured_secrets_are_nowhere_but_in_the_environment() {
    const KEY: &str = "key-9f8e7d6c5b4a";
    const GITHUB: &str = "ghp_0a1b2c3d4e5f";
    const FIGMA: &str = "figd_6a7b8c9d0e1f";
    let server = TestServer::with([
        ("MCP_API_KEY", KEY),
        ("MCP_GITHUB_TOKEN", GITHUB),
        ("MCP_FIGMA_TOKEN", FIGMA),
        ("MCP_LOG_LEVEL", "trace"),
    ])
    .start();
    let mut answers = Vec::new();
    for secret in [KEY, GITHUB, FIGMA] {
        let escaped =
            secret.bytes().fold(String::new(), |text, byte| text + &format!("\\u{byte:04x}"));
        for spelt in [secret, &format!("before {secret} after"), &escaped] {
            for body in [
                format!(r#"{{"action":"{spelt}"}}"#),
                format!(r#"{{"action":"nope","params":{{"{spelt}":"{spelt}"}}}}"#),
                format!(r#"{{"action":"remove_user","params":{{"username":"{spelt}"}}}}"#),
                format!(r#"{{"action":"calculate","params":{{"operation":"{spelt}"}}}}"#),
                format!(r#"{{"action":"delete_task","params":{{"task_id":"{spelt}"}}}}"#),
                format!(r#"{{"action":"add_user","params":{{"{spelt}":1,"{spelt}":2}}}}"#),
                format!(r#"{{"action":"playwright_get_title","params":{{"url":"{spelt}"}}}}"#),
                format!(r#"{{"action":"figma_get_file","params":{{"file_key":"/{spelt}/"}}}}"#),
                spelt.to_owned(),
            ] {
                let request = server.post("/api/v1/query").key(KEY).json_text(&body);
                answers.push((body, request.send()));
            }
        }
        for target in [
            format!("/api/v1/state?entity={secret}"),
            format!("/api/v1/state?limit={secret}"),
            format!("/api/v1/state?entity=tasks&status={secret}"),
            format!("/api/v1/logs?api_key={secret}"),
            format!("/{secret}"),
        ] {
            let answer = server.request("GET", &target).key(KEY).send();
            answers.push((target, answer));
        }
        let wrong = server.request("GET", "/api/v1/state").key(&format!("{secret}x")).send();
        answers.push(("a wrong key".into(), wrong));
        let host = server.request("GET", "/").host(secret).send();
        answers.push(("a host".into(), host));
    }
    let all = server.request("GET", "/api/v1/logs").key(KEY).send();
    assert!(all.data().as_array().is_some_and(|entries| !entries.is_empty()));
    answers.push(("the logs".into(), all));
    for secret in [KEY, GITHUB, FIGMA] {
        for (request, answer) in &answers {
            let filter = request.contains("&status=");
            assert!(filter || !answer.text().contains(secret), "{request}: {}", answer.text());
        }
        assert_eq!(traces(&server, secret), Vec::<String>::new());
    }
}
