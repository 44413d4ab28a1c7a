//! `GET /state`: the whole memory, or one kind of entity.

use serde_json::{Value, json};
use service_tests::TestServer;

/// Starts a server with three users and four tasks.
fn filled() -> TestServer {
    let server = TestServer::start();
    for name in ["alice", "bob", "charlie"] {
        let _ = server.data("add_user", json!({ "username": name }));
    }
    for (title, status) in
        [("a", "pending"), ("b", "completed"), ("c", "pending"), ("d", "pending")]
    {
        let _ = server.data("add_task", json!({ "title": title, "status": status }));
    }
    server
}

/// Returns the data of `/state` with this query.
fn state(server: &TestServer, query: &str) -> Value {
    server.get(&format!("/api/v1/state?{query}")).data()
}

/// Returns the titles in a snapshot of tasks.
fn titles(snapshot: &Value) -> String {
    let tasks = snapshot["tasks"].as_array().expect("tasks");
    tasks.iter().map(|task| task["title"].as_str().expect("a title")).collect()
}

#[test]
fn without_an_entity_everything_is_shown() {
    let server = filled();
    let all = server.get("/api/v1/state").data();
    let members: Vec<_> = all.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["users", "tasks", "projects", "config", "session_data", "stats"]);
    assert_eq!(all["users"], json!(["alice", "bob", "charlie"]));
    assert_eq!(titles(&all), "abcd");
    assert_eq!((&all["projects"], &all["session_data"]), (&json!([]), &json!({})));
    assert_eq!(all["config"], json!({ "max_tasks": 100, "default_priority": "medium" }));
    let stats = json!({ "total_users": 3, "total_tasks": 4, "total_projects": 0, "total_logs": 7 });
    assert_eq!(all["stats"], stats);
}

#[test]
fn users_are_paged() {
    let server = filled();
    for (query, users) in [
        ("", json!(["alice", "bob", "charlie"])),
        ("limit=2", json!(["alice", "bob"])),
        ("offset=1", json!(["bob", "charlie"])),
        ("offset=1&limit=1", json!(["bob"])),
        ("offset=3", json!([])),
        ("limit=0", json!([])),
        ("limit=99999999999999999999&offset=99999999999999999999", json!([])),
        ("status=pending", json!(["alice", "bob", "charlie"])),
    ] {
        let count = users.as_array().expect("a list").len();
        let wanted = json!({ "users": users, "total": 3, "count": count });
        assert_eq!(state(&server, &format!("entity=users&{query}")), wanted, "{query}");
    }
}

#[test]
fn tasks_are_paged_and_narrowed_by_status() {
    let server = filled();
    for (query, wanted, total) in [
        ("", "abcd", 4),
        ("limit=2&offset=1", "bc", 4),
        ("status=pending", "acd", 3),
        ("status=pending&limit=1", "a", 3),
        ("status=pending&offset=1&limit=5", "cd", 3),
        ("status=nope", "", 0),
    ] {
        let snapshot = state(&server, &format!("entity=tasks&{query}"));
        assert_eq!(titles(&snapshot), wanted, "{query}");
        assert_eq!(snapshot["total"], total, "{query}");
        assert_eq!(snapshot["count"], wanted.len(), "{query}");
        let status = query.contains("status=").then(|| {
            query.split('&').next().and_then(|pair| pair.strip_prefix("status=")).expect("a status")
        });
        assert_eq!(snapshot.get("filtered_by_status").and_then(Value::as_str), status, "{query}");
    }
}

#[test]
fn config_is_shown_alone() {
    let server = filled();
    let wanted = json!({ "config": { "max_tasks": 100, "default_priority": "medium" } });
    assert_eq!(state(&server, "entity=config"), wanted);
}

#[test]
fn logs_are_paged_from_the_newest_and_shown_newest_last() {
    let server = filled();
    let logged = |query: &str| {
        let snapshot = state(&server, &format!("entity=logs&{query}"));
        assert_eq!(snapshot["total"], 7);
        let logs = snapshot["logs"].as_array().expect("logs").clone();
        assert_eq!(snapshot["count"], logs.len());
        let params = |entry: &Value| entry["payload"]["params"].clone();
        logs.iter()
            .map(|entry| match params(entry) {
                Value::Object(it) if it.contains_key("title") => it["title"].clone(),
                other => other["username"].clone(),
            })
            .collect::<Value>()
    };
    assert_eq!(logged("limit=2"), json!(["c", "d"]));
    assert_eq!(logged("limit=2&offset=1"), json!(["b", "c"]));
    assert_eq!(logged("offset=5"), json!(["alice", "bob"]));
    assert_eq!(logged(""), json!(["alice", "bob", "charlie", "a", "b", "c", "d"]));
}

#[test]
fn an_empty_entity_counts_as_left_out() {
    let server = filled();
    assert_eq!(titles(&state(&server, "entity=&status=")), "abcd");
}

#[test]
fn an_entity_that_there_is_not_is_no_success_and_says_which_there_are() {
    let server = TestServer::start();
    for entity in ["nope", "Users", "tasks%20", "projects"] {
        let answer = server.get(&format!("/api/v1/state?entity={entity}"));
        assert_eq!(answer.status, 200);
        let body = answer.json();
        assert_eq!((&body["success"], &body["data"]), (&json!(false), &json!({})));
        let message = body["message"].as_str().expect("a message");
        assert!(message.contains("users, tasks, config, logs"), "{message}");
    }
}

#[test]
fn without_an_entity_users_and_tasks_are_cut_and_tasks_filtered() {
    let server = filled();
    let stats = json!({ "total_users": 3, "total_tasks": 4, "total_projects": 0, "total_logs": 7 });
    for (query, users, tasks) in [
        ("limit=2", json!(["alice", "bob"]), "ab"),
        ("offset=1&limit=1", json!(["bob"]), "b"),
        ("offset=3", json!([]), "d"),
        ("limit=0", json!([]), ""),
        ("status=pending&limit=10", json!(["alice", "bob", "charlie"]), "acd"),
        ("status=pending&offset=1", json!(["bob", "charlie"]), "cd"),
        ("status=pending&offset=0", json!(["alice", "bob", "charlie"]), "acd"),
        ("status=pending&offset=-1", json!(["alice", "bob", "charlie"]), "acd"),
        ("status=nope&limit=1", json!(["alice"]), ""),
        ("entity=&status=&limit=1", json!(["alice"]), "a"),
    ] {
        for path in ["/api/v1/state", "/mcp/state"] {
            let answer = server.get(&format!("{path}?{query}"));
            let (data, message) = (answer.data(), answer.json()["message"].clone());
            assert_eq!((&data["users"], titles(&data).as_str()), (&users, tasks), "{query}");
            assert_eq!(data["stats"], stats, "{query}");
            assert_eq!(data["config"]["max_tasks"], 100, "{query}");
            assert_eq!(message, "Filtered memory snapshot retrieved", "{query}");
        }
    }
    for query in ["status=pending", "limit=-1&status=pending", "limit=-1"] {
        let answer = server.get(&format!("/api/v1/state?{query}"));
        assert_eq!(titles(&answer.data()), "abcd", "{query}");
        assert_eq!(answer.json()["message"], "Memory snapshot retrieved", "{query}");
    }
}

#[test]
fn a_negative_limit_counts_as_none_and_a_negative_offset_as_zero() {
    let server = filled();
    for path in ["/api/v1/state", "/mcp/state"] {
        for (entity, total) in [("users", 3), ("tasks", 4), ("logs", 7)] {
            for (query, count) in [
                ("limit=-1", total),
                ("offset=-1", total),
                ("limit=-1&offset=1", total - 1),
                ("limit=2&offset=-99999999999999999999", 2),
            ] {
                let data = server.get(&format!("{path}?entity={entity}&{query}")).data();
                assert_eq!(data["count"], count, "{path} {entity} {query}");
                assert_eq!(data["total"], total, "{path} {entity} {query}");
            }
        }
    }
    for (path, count) in [
        ("/api/v1/logs?limit=-5", 7),
        ("/mcp/logs?limit=-1&offset=-1", 7),
        ("/mcp/logs?limit=3&offset=-1", 3),
    ] {
        assert_eq!(server.get(path).data().as_array().expect("a list").len(), count, "{path}");
    }
}

#[test]
fn a_limit_or_offset_that_is_no_whole_number_is_refused_by_name() {
    let server = TestServer::start();
    for path in ["/api/v1/state?entity=tasks&", "/api/v1/state?", "/api/v1/logs?", "/mcp/logs?"] {
        for name in ["limit", "offset"] {
            for value in ["abc", "-", "%2B1", "1.0", "1e3", "0x10", "%20", "", "%D9%A3", "null"] {
                let refusal = server.get(&format!("{path}{name}={value}")).refusal(422);
                assert!(refusal.starts_with(name), "{path}{name}={value}: {refusal}");
            }
        }
    }
}

#[test]
fn what_a_query_string_gives_twice_or_not_as_text_is_refused_by_its_name() {
    let server = TestServer::start();
    for path in ["/api/v1/state", "/api/v1/logs"] {
        for name in ["limit", "offset"] {
            let twice = server.get(&format!("{path}?{name}=1&{name}=2"));
            assert_eq!(twice.refusal(422), format!("{name} is given twice"), "{path}");
            let not_text = server.get(&format!("{path}?{name}=%ff"));
            assert!(not_text.refusal(422).starts_with(name), "{path}");
        }
    }
}
