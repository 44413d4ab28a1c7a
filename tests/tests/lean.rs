//! `/api/v2`: answers in few tokens, handles, and many steps in one call.

use serde_json::{Value, json};
use service_tests::{Answer, TestServer};

fn query(server: &TestServer, query: &Value) -> Answer {
    server.post("/api/v2/query").json(query).send()
}

fn json_of(server: &TestServer, asked: &Value) -> Value {
    let answer = query(server, asked);
    assert_eq!(answer.status, 200, "{asked}: {}", answer.text());
    answer.json()
}

fn add_tasks(server: &TestServer, count: usize) {
    for number in 1..=count {
        let priority = ["low", "medium", "high"][number % 3];
        let params = json!({ "title": format!("Task {number}"), "priority": priority });
        let _ = server.data("add_task", params);
    }
}

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
            // `Task 1` is in `Task 10` to `Task 19` too.
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
            "Unknown field: nope. Known: id, title, description, priority, status, assigned_to, created_at, updated_at",
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
fn what_is_too_long_is_a_handle_with_ranges() {
    let server = TestServer::with([("MCP_API_KEY", "k-12345")]).start();
    let text = (0..3000).map(|number| format!("größer {number}; ")).collect::<Vec<_>>().concat();
    let add = json!({ "action": "add_task", "params": { "title": "t", "description": text } });
    let asked = json!({ "action": "list_tasks", "fields": "id,description", "max_tokens": 100 });
    for body in [add, asked.clone()] {
        assert_eq!(server.post("/api/v2/query").key("k-12345").json(&body).send().status, 200);
    }
    let answer = server.post("/api/v2/query").key("k-12345").json(&asked).send().json();
    let handle = &answer["data"][0]["description"];
    assert_eq!(handle["type"], "text/plain");
    assert_eq!(handle["bytes"], text.len());
    let path = format!("/api/v2/blobs/{}", handle["blob"].as_str().expect("an id"));
    assert_eq!(server.get(&path).status, 401);
    assert_eq!(server.request("GET", &path).key("k-54321").send().status, 403);
    let get = |range: Option<&str>, condition: Option<&str>| {
        let mut request = server.request("GET", &path).key("k-12345");
        if let Some(range) = range {
            request = request.header("Range", range);
        }
        if let Some(condition) = condition {
            request = request.header("If-Range", condition);
        }
        request.send()
    };
    let whole = get(None, None);
    assert_eq!((whole.status, whole.body.as_slice()), (200, text.as_bytes()));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert_eq!(whole.header("content-type"), Some("text/plain; charset=utf-8"));
    let tag = whole.header("etag").expect("a tag").to_owned();
    let length = text.len();
    for (range, first, last) in [
        ("bytes=0-9", 0, 9),
        ("bytes=5-5", 5, 5),
        ("bytes=-7", length - 7, length - 1),
        ("bytes=100-", 100, length - 1),
        ("bytes=100-99999999", 100, length - 1),
    ] {
        for condition in [None, Some(tag.as_str())] {
            let part = get(Some(range), condition);
            assert_eq!(part.status, 206, "{range}");
            assert_eq!(part.body, text.as_bytes()[first..=last], "{range}");
            let said = format!("bytes {first}-{last}/{length}");
            assert_eq!(part.header("content-range"), Some(said.as_str()));
        }
    }
    for range in ["bytes=99999999-", "bytes=-0"] {
        let answer = get(Some(range), None);
        assert_eq!(answer.status, 416, "{range}");
        let said = format!("bytes */{length}");
        assert_eq!(answer.header("content-range"), Some(said.as_str()));
    }
    // What is no single range of bytes counts as not said, and so does that of another version.
    for (range, condition) in [
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("bytes=x", None),
        ("bytes=0-9", Some("\"other\"")),
    ] {
        assert_eq!(get(Some(range), condition).status, 200, "{range}");
    }
    let deleted = server.request("DELETE", &path).key("k-12345").send();
    assert_eq!((deleted.status, deleted.header("allow")), (405, Some("GET, HEAD")));
    let known = server.request("GET", &path).key("k-12345").header("If-None-Match", &tag).send();
    assert!(known.status == 304 && known.body.is_empty(), "{}", known.status);
    let other = server.request("GET", &path).key("k-12345").header("If-None-Match", "\"x\"").send();
    assert_eq!(other.status, 200);
    let gone = server.request("GET", "/api/v2/blobs/b_nope").key("k-12345").send();
    assert!(gone.refusal(404).contains("b_nope"));
}

#[test]
fn a_batch_is_one_call_or_one_transaction() {
    let server = TestServer::start();
    let batch = |body: &Value| server.post("/api/v2/batch").json(body).send();
    let steps = json!([
        { "id": "a", "action": "add_task", "params": { "title": "Ship v1" } },
        { "id": "b", "action": "update_task",
          "params": { "task_id": { "$ref": "a.data.id" }, "status": "completed" } },
        { "id": "c", "action": "list_tasks", "params": { "status": "completed" }, "fields": "title" },
    ]);
    let answer = batch(&json!({ "steps": steps, "atomic": true, "return": ["last"] }));
    assert_eq!(answer.text(), r#"{"data":[{"id":"c","data":[{"title":"Ship v1"}]}]}"#);
    assert!(answer.header("x-tokens").is_some());
    let undone = json!({ "atomic": true, "steps": [
        { "id": "a", "action": "add_task", "params": { "title": "x" } },
        { "id": "b", "action": "add_user", "params": {} },
    ] });
    let refusal = batch(&undone);
    assert_eq!(refusal.status, 400);
    assert_eq!(refusal.json()["error"], "step b: username is required. Nothing was changed");
    assert_eq!(refusal.json()["signature"], "add_user(username, role?=user, metadata?)");
    assert_eq!(server.data("list_tasks", json!({})).as_array().map(Vec::len), Some(1));
    let remote = json!({ "atomic": true, "steps": [
        { "id": "a", "action": "add_task", "params": { "title": "x" } },
        { "id": "b", "action": "github_list_issues", "params": { "owner": "o", "repo": "r" } },
    ] });
    assert_eq!(batch(&remote).status, 400);
    assert_eq!(server.data("list_tasks", json!({})).as_array().map(Vec::len), Some(1));
    // What an action reads there is what the steps before it wrote.
    let read = batch(&json!({ "atomic": true, "return": ["last"], "steps": [
        { "id": "a", "action": "add_user", "params": { "username": "ana" } },
        { "id": "b", "action": "update_task", "params": { "task_id": 1, "assigned_to": "ana" } },
        { "id": "c", "action": "get_user", "params": { "username": "ana" }, "fields": "task_count" },
    ] }));
    assert_eq!(read.text(), r#"{"data":[{"id":"c","data":{"task_count":1}}]}"#);
    // The same as an action of v1.
    let same = server.data("batch", json!({ "steps": steps, "return": ["b"] }));
    assert_eq!(same, json!([{ "id": "b", "data": { "id": 2 } }]));
    for (body, text) in [
        (json!({}), "steps is required"),
        (json!({ "steps": [], "max_tokens": 5 }), "max_tokens must be 0"),
        (json!([]), "params must be an object"),
    ] {
        let answer = batch(&body);
        assert_eq!(answer.status, 400, "{body}");
        let error = answer.json()["error"].clone();
        assert!(error.as_str().expect("a text").starts_with(text), "{body}: {error}");
    }
}

#[test]
fn the_log_is_an_action_too() {
    let server = TestServer::start();
    add_tasks(&server, 3);
    assert_eq!(server.call("add_task", json!({})).status, 400);
    let failed = server.data("list_logs", json!({ "status": "error" }));
    assert_eq!(failed[0]["payload"]["result"], "title is required");
    let newest = server.data("list_logs", json!({ "action": "add_task", "limit": 2 }));
    assert_eq!(newest.as_array().map(Vec::len), Some(2));
    assert_eq!(newest[0]["id"], 4);
    let older = server.data("list_logs", json!({ "before": 4, "limit": 1 }));
    assert_eq!(older[0]["id"], 3);
    let refusal = server.refusal("list_logs", json!({ "status": "bad" }));
    assert_eq!(refusal, "status must be success or error");
}

#[test]
fn a_log_with_deep_nesting_is_read() {
    let server = TestServer::start();
    let deep = format!("{}{}", "[".repeat(120), "]".repeat(120));
    let body = |x: &str| format!(r#"{{"action":"list_users","params":{{"x":{x}}}}}"#);
    assert_eq!(server.post("/api/v1/query").json_text(body(&deep)).send().status, 200);
    let refusal = server.post("/api/v1/query").json_text(body("1e400")).send().refusal(400);
    assert!(refusal.starts_with("params.x is outside the range of a double"), "{refusal}");
    let logs = json!({"action": "list_logs", "fields": "action,payload.params.x"});
    let logs = json_of(&server, &logs)["data"].take();
    assert_eq!(logs[0]["payload"]["params"]["x"].to_string(), deep);
    let list = json!({"name": "list_logs", "arguments": {"limit": 2}});
    let client = server.protocol("2025-11-25").query("tools=all");
    let logs = client.result("tools/call", list);
    assert_eq!(logs["isError"], false, "{logs}");
}

#[test]
fn the_size_of_a_page_is_checked_as_v1_checks_it() {
    let server = TestServer::start();
    for wrong in [json!("x"), json!(true), json!([]), json!(1.5), json!(-1), json!(0), json!(1001)]
    {
        let asked = json!({"action": "list_logs", "params": {"limit": wrong}});
        let answer = query(&server, &asked);
        assert_eq!(answer.status, 400, "{asked}: {}", answer.text());
        assert!(answer.text().contains("limit"), "{}", answer.text());
    }
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

/// A batch whose last steps each look through every task.
fn scanning(first: &Value, scans: usize) -> Value {
    let mut steps = vec![first.clone()];
    for number in 0..scans {
        steps.push(json!({ "id": format!("scan{number}"), "action": "list_tasks",
                           "filter": { "title": "none of them" }, "count": true }));
    }
    json!({ "atomic": true, "steps": steps, "return": ["last"] })
}

fn three_hundred_tasks(server: &TestServer) {
    for _ in 0..3 {
        let add = |number: usize| json!({ "id": format!("s{number}"), "action": "add_task", "params": { "title": "x" } });
        let steps: Vec<Value> = (0..100).map(add).collect();
        let answer = server.post("/api/v2/batch").json(&json!({ "steps": steps })).send();
        assert_eq!(answer.status, 200);
    }
}

#[test]
fn an_atomic_batch_that_writes_has_a_budget_and_one_that_reads_does_not_use_the_writer() {
    let server = TestServer::with([("MCP_BATCH_BUDGET", "10")]).start();
    three_hundred_tasks(&server);
    let add = json!({ "id": "add", "action": "add_task", "params": { "title": "y" } });
    let list = json!({ "id": "list", "action": "list_tasks", "count": true });
    let batch = |body: &Value| server.post("/api/v2/batch").json(body).send();
    let refusal = batch(&scanning(&add, 99));
    assert_eq!(refusal.status, 400);
    let error = refusal.json()["error"].as_str().expect("a text").to_owned();
    assert!(error.starts_with("step scan"), "{error}");
    assert!(error.contains("may take 10 ms (MCP_BATCH_BUDGET)"), "{error}");
    assert!(error.ends_with("Nothing was changed"), "{error}");
    let count = json!({ "action": "list_tasks", "count": true });
    assert_eq!(json_of(&server, &count)["data"], 300);
    // A step behind a condition may write as well.
    let mut skipped = add.clone();
    skipped["when"] = "list.data".into();
    let nothing = json!({ "id": "list", "action": "list_tasks", "params": { "status": "none" } });
    let mut body = scanning(&nothing, 98);
    body["steps"].as_array_mut().expect("a list").insert(1, skipped);
    assert!(batch(&body).json()["error"].as_str().expect("a text").contains("MCP_BATCH_BUDGET"));
    // Over the protocol as over HTTP.
    let asked = json!({ "action": "batch", "params": scanning(&add, 99) });
    let result = server.protocol("2025-11-25").tool("query", asked);
    assert_eq!(result["isError"], true, "{result}");
    assert!(result.to_string().contains("may take 10 ms (MCP_BATCH_BUDGET)"), "{result}");
    // Reads have more time.
    let read = batch(&scanning(&list, 19));
    assert_eq!((read.status, read.text()), (200, r#"{"data":[{"id":"scan18","data":0}]}"#));
    let asked = json!({ "action": "list_logs", "params": { "limit": 3 }, "fields": "action" });
    let logs = json_of(&server, &asked)["data"].take();
    let of = |name: &str| {
        logs.as_array().expect("a list").iter().filter(|log| log["action"] == name).count()
    };
    assert_eq!((of("list_tasks"), of("batch")), (2, 1), "{logs}");
    assert_eq!(json_of(&server, &count)["data"], 300);
}

#[test]
fn atomic_batches_of_one_caller_wait_for_each_other() {
    let server = TestServer::start();
    let batch = |number: usize| {
        let step = |step: usize| json!({ "id": format!("s{step}"), "action": "add_task", "params": { "title": format!("{number}") } });
        let steps: Vec<Value> = (0..3).map(step).collect();
        json!({ "atomic": true, "steps": steps, "return": ["last"] })
    };
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (server, body) = (&server, batch(number));
            scope.spawn(move || {
                let answer = server.post("/api/v2/batch").json(&body).send();
                assert_eq!(answer.status, 200, "{}", answer.text());
            });
        }
    });
    // The steps of each are next to each other.
    let titles = json_of(&server, &json!({ "action": "list_tasks", "fields": "title" }));
    let titles: Vec<&Value> = titles["data"].as_array().expect("a list").iter().collect();
    assert_eq!(titles.len(), 24);
    assert!(titles.chunks(3).all(|three| three.iter().all(|title| *title == three[0])));
}
