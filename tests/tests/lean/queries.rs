//! Queries: summaries, fields, formats, cursors, reductions and their errors.

use serde_json::{Value, json};
use service_tests::TestServer;

use crate::{add_tasks, json_of, query};

#[test]
fn a_write_is_acknowledged_and_a_list_is_its_summary() {
    let server = TestServer::start();
    let add = json!({ "action": "add_task", "params": { "title": "Ship v1" } });
    let answer = query(&server, &add);
    assert_eq!(answer.text(), r#"{"data":{"id":1}}"#);
    assert_eq!(answer.header("x-tokens"), Some("7"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let list = query(&server, &json!({ "action": "list_tasks" }));
    assert_eq!(
        list.text(),
        r#"{"data":[{"id":1,"title":"Ship v1","status":"pending","priority":"medium"}]}"#
    );
    let csv = query(&server, &json!({ "action": "list_tasks", "format": "csv" }));
    assert_eq!(csv.text(), "id,title,status,priority\n1,Ship v1,pending,medium");
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    let toon = query(&server, &json!({ "action": "list_tasks", "format": "toon" }));
    assert_eq!(toon.text(), "[1]{id,title,status,priority}:\n  1,Ship v1,pending,medium");
    let fields = json!({ "action": "list_tasks", "fields": ["title", "assigned_to"] });
    assert_eq!(
        json_of(&server, &fields),
        json!({ "data": [{ "title": "Ship v1", "assigned_to": null }] })
    );
}

#[test]
fn a_list_is_read_to_its_end_in_every_format_while_rows_come_and_go() {
    let server = TestServer::start();
    add_tasks(&server, 50);
    for format in ["json", "csv", "toon", "auto"] {
        let mut asked = json!({
            "action": "list_tasks", "format": format, "max_tokens": 150, "fields": "id,title",
        });
        let (mut text, mut pages) = (String::new(), 0);
        loop {
            let answer = query(&server, &asked);
            let tokens: usize =
                answer.header("x-tokens").and_then(|it| it.parse().ok()).expect("a count");
            assert!(tokens <= 150, "{format}: {tokens}");
            text.push_str(answer.text());
            text.push('\n');
            pages += 1;
            let next = match answer.header("content-type") {
                Some("application/json") => answer.json().get("next").cloned(),
                _ => answer
                    .text()
                    .lines()
                    .last()
                    .and_then(|line| line.strip_prefix("# next: "))
                    .map(Value::from),
            };
            let Some(next) = next else { break };
            asked["cursor"] = next;
            let id = server.data("add_task", json!({ "title": "new" }))["id"].clone();
            let _ = server.data("delete_task", json!({ "task_id": id }));
        }
        assert!(pages > 2, "{format}");
        for number in 1..=50 {
            let title = format!("Task {number}");
            let times = text.matches(&title).count();
            // `Task 10` to `Task 19` contain `Task 1` too.
            let longer = (0..10).map(|digit| text.matches(&format!("{title}{digit}")).count());
            assert_eq!(times - longer.sum::<usize>(), 1, "{format}: {title}");
        }
    }
}

#[test]
fn a_wrong_query_is_refused_with_what_would_be_right() {
    let server = TestServer::start();
    for (asked, text) in [
        (
            json!({ "action": "list_tasks", "fields": "nope" }),
            "unknown field \"nope\": use id, title, description, priority, status, assigned_to, created_at, updated_at",
        ),
        (
            json!({ "action": "list_tasks", "max_tokens": 49 }),
            "max_tokens must be 0 for no limit, or at least 50",
        ),
        (
            json!({ "action": "list_tasks", "format": "xml" }),
            "format must be json, csv, toon or auto",
        ),
        (
            json!({ "action": "list_tasks", "cursor": "9.9" }),
            "cursor belongs to another query: repeat the action, params and reductions that it came from",
        ),
        (
            json!({ "action": "list_task" }),
            "Unknown action: list_task. Nearest: list_tasks, add_task, list_users",
        ),
        (json!({ "params": {} }), "action is required"),
    ] {
        let answer = query(&server, &asked);
        assert_eq!((answer.status, answer.json()), (400, json!({ "error": text })), "{asked}");
    }
    let missing = query(&server, &json!({ "action": "add_task" }));
    assert_eq!(
        (missing.status, missing.text()),
        (
            400,
            r#"{"error":"title is required","signature":"add_task(title, description?, priority?=medium, status?=pending, assigned_to?)"}"#
        )
    );
    let broken = server.post("/api/v2/query").json_text("{").send();
    assert_eq!(broken.status, 400);
    assert!(broken.json()["error"].is_string());
    let wrong_type = server.post("/api/v2/query").header("Content-Type", "text/plain").body("{}");
    assert!(wrong_type.send().refusal(422).contains("application/json"));
}

#[test]
fn lists_are_reduced_in_their_order() {
    let server = TestServer::start();
    add_tasks(&server, 9);
    let data = |more: Value| {
        let mut asked = json!({ "action": "list_tasks", "fields": "id" });
        for (name, value) in more.as_object().expect("members") {
            asked[name] = value.clone();
        }
        json_of(&server, &asked)["data"].clone()
    };
    assert_eq!(data(json!({ "filter": { "priority": "high" }, "count": true })), 3);
    assert_eq!(
        data(json!({ "group_by": "priority", "filter": { "id": [1, 2, 3, 4] } })),
        json!({ "medium": 2, "high": 1, "low": 1 })
    );
    assert_eq!(
        data(json!({ "sort": "-id", "limit": 2, "filter": { "priority": ["low", "high"] } })),
        json!([{ "id": 9 }, { "id": 8 }])
    );
}

#[test]
fn a_secret_is_not_said_back() {
    let server = TestServer::with([("MCP_GITHUB_TOKEN", "ghp_ABCDEFGHIJ")]).start();
    let secret = "ghp_ABCDEFGHIJ";
    for asked in [
        json!({"action": "list_tasks", "fields": [secret]}),
        json!({"action": "list_tasks", "filter": {secret: 1}}),
        json!({"action": "list_tasks", "group_by": secret}),
        json!({"action": "list_tasks", secret: 1}),
        json!({"action": secret}),
        json!({"action": "batch", "params": {"steps": [
            {"id": "a", "action": "list_tasks", "fields": [secret]}, {"id": "b", "action": secret},
        ]}}),
    ] {
        let answer = query(&server, &asked).text().to_owned();
        assert!(answer.contains("error") && !answer.contains(secret), "{asked}: {answer}");
    }
    let blob = server.get(&format!("/api/v2/blobs/{secret}"));
    assert!(blob.status == 404 && !blob.text().contains(secret), "{}", blob.text());
    let (code, message) = server.protocol("2025-11-25").error(secret, json!({}));
    assert!(code == -32601 && !message.contains(secret), "{message}");
}

#[test]
fn the_form_that_is_chosen_says_what_it_holds() {
    let server = TestServer::start();
    for (value, text) in [(json!("a"), "k\na"), (json!(5), "k\n5"), (json!(true), "k\ntrue")] {
        let _ = server.data("update_config", json!({"key": "k", "value": value}));
        let get = |format: &str| json!({"action": "get_config", "params": {"key": "k"}, "format": format});
        assert_eq!(query(&server, &get("csv")).text(), text);
        let alone = query(&server, &get("auto")).text().to_owned();
        let _ = server.data("update_config", json!({"key": "k", "value": [value]}));
        assert_ne!(query(&server, &get("auto")).text(), alone, "{value}");
    }
}
