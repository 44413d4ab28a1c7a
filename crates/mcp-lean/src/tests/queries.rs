//! Queries and their answers.

use serde_json::{Value, json};

use super::Rig;
use super::system::{PICTURE, article};
use mcp_core::Call;
use mcp_core::action::params::ParamsText;

#[tokio::test]
async fn a_list_is_its_summary_and_a_write_is_acknowledged() {
    let rig = Rig::new();
    let added = json!({"action": "add_task", "params": {"title": "Ship", "assigned_to": "alice"}});
    let answer = rig.ask(&added).await.expect("an answer");
    assert_eq!((answer.text.as_str(), answer.tokens), (r#"{"data":{"id":1}}"#, 7));
    let list = rig.ask(&json!({"action": "list_tasks"})).await.expect("an answer");
    assert_eq!(
        list.text,
        r#"{"data":[{"id":1,"title":"Ship","status":"pending","priority":"medium","assigned_to":"alice"}]}"#
    );
    let named = rig.data(json!({"action": "list_tasks", "fields": ["description", "id"]})).await;
    assert_eq!(named, json!([{"description": "", "id": 1}]));
    let whole = rig.data(json!({"action": "list_tasks", "fields": "*"})).await;
    assert_eq!(whole[0].as_object().expect("a task").len(), 8);
    let auto = json!({"action": "list_tasks", "format": "auto"});
    let auto = rig.ask(&auto).await.expect("an answer");
    assert_eq!(auto.text, "id,title,status,priority,assigned_to\n1,Ship,pending,medium,alice");
    assert_eq!(auto.content_type(), "text/csv; charset=utf-8");
}

#[tokio::test]
async fn an_empty_list_says_that_it_is_one() {
    let rig = Rig::new();
    for (format, fields, text) in [
        ("json", json!(null), r#"{"data":[]}"#),
        ("toon", json!(null), "[]"),
        ("csv", json!(null), "id,title,status,priority,assigned_to"),
        ("csv", json!("id,created_at"), "id,created_at"),
        ("csv", json!("*"), ""),
        ("auto", json!(null), "[]"),
        ("auto", json!("*"), "[]"),
    ] {
        let query = json!({"action": "list_tasks", "format": format, "fields": fields});
        assert_eq!(rig.ask(&query).await.expect("an answer").text, text, "{query}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_taught_before_anything_is_written() {
    let rig = Rig::new();
    *rig.system.rows.lock().expect("a lock") = vec![1];
    for (query, error) in [
        (
            json!({"action": "add_task", "params": {"title": "x"}, "fields": "nope"}),
            "unknown field \"nope\": use id, title",
        ),
        (json!({"action": "list_tasks", "fields": "id,user.name"}), "unknown field \"user.name\""),
        (json!({"action": "list_tasks", "sort": "nope"}), "unknown field \"nope\""),
        (json!({"action": "list_tasks", "fields": "0"}), "unknown field \"0\": use id, title"),
        (json!({"action": "list_tasks", "fields": "0.id"}), "unknown field \"0.id\": use id"),
        (json!({"action": "list_tasks", "sort": "0"}), "unknown field \"0\": use id, title"),
        (json!({"action": "list_tasks", "filter": {"0": 1}}), "unknown field \"0\": use id, title"),
        (json!({"action": "system_list_issues", "fields": "0"}), "unknown field \"0\": use number"),
        (json!({"action": "list_tasks", "group_by": "nope"}), "unknown field \"nope\""),
        (json!({"action": "list_tasks", "filter": {"nope": 1}}), "unknown field \"nope\""),
        (json!({"action": "list_tasks", "cursor": "abc"}), "invalid cursor"),
        (json!({"action": "list_tasks", "cursor": "1.5"}), "cursor belongs to another query"),
        (
            json!({"action": "calculate", "params": {"operation": "sum"}, "limit": 1}),
            "calculate does not return a list",
        ),
        (json!({"action": "ad_task"}), "Unknown action: ad_task. Nearest: add_task"),
    ] {
        let refusal = rig.refusal(query.clone()).await;
        let text = refusal["error"].as_str().expect("a text");
        assert!(text.starts_with(error), "{query}: {text}");
    }
    assert_eq!(rig.data(json!({"action": "list_tasks"})).await, json!([]));
    let refusal = rig.refusal(json!({"action": "add_task", "params": {}})).await;
    assert_eq!(
        refusal.to_string(),
        r#"{"error":"title is required","signature":"add_task(title, description?, priority?=medium, status?=pending, assigned_to?)"}"#
    );
    let refusal = rig.refusal(json!({"action": "delete_task", "params": {"task_id": 9}})).await;
    assert_eq!(refusal, json!({"error": "Task 9 not found"}));
    let refusal = rig.refusal(json!({"action": "delete_task", "params": {"x": 9}})).await;
    assert_eq!(refusal, json!({"error": "Unknown parameter: x. Use delete_task(task_id)"}));
}

#[tokio::test]
async fn another_systems_json_is_whole_for_who_asks_and_its_fields_are_known_from_it() {
    let rig = Rig::new();
    *rig.system.rows.lock().expect("a lock") = vec![3, 2, 1];
    let ask = |more: Value| {
        let mut query = json!({"action": "system_list_issues"});
        for (name, value) in more.as_object().expect("members") {
            query[name] = value.clone();
        }
        query
    };
    let row = &rig.data(ask(json!({}))).await[0];
    assert_eq!(row, &json!({"number": 3, "user": "odd", "labels": ["bug"]}));
    let row = &rig.data(ask(json!({"fields": "*"}))).await[0];
    assert_eq!(row["labels"], json!([{"name": "bug", "color": "f00"}]));
    let fields = json!({"fields": "user.id,labels.name,assignee.login"});
    let row = &rig.data(ask(fields)).await[0];
    assert_eq!(row, &json!({"user": {"id": 1}, "labels": [{"name": "bug"}], "assignee": null}));
    assert_eq!(rig.data(ask(json!({"fields": "total"}))).await, json!({"total": 3}));
    assert_eq!(rig.data(ask(json!({"fields": "pull_request.url"}))).await, json!([{}, {}, {}]));
    let refusal = rig.refusal(ask(json!({"fields": "number,user.name"}))).await;
    assert_eq!(
        refusal["error"],
        "unknown field \"user.name\": use number, user, body, labels, assignee"
    );
    let filtered = ask(json!({"filter": {"user": "odd"}, "fields": "number", "format": "csv"}));
    assert_eq!(rig.ask(&filtered).await.expect("an answer").text, "number\n3\n1");
    let grouped = rig.data(ask(json!({"group_by": "user"}))).await;
    assert_eq!(grouped, json!({"odd": 2, "even": 1}));
}

#[tokio::test]
async fn pages_are_asked_for_no_more_than_is_needed_and_within_a_bound() {
    let rig = Rig::new();
    let asked = |rig: &Rig| std::mem::take(&mut *rig.system.asked.lock().expect("a lock"));
    *rig.system.says_more.lock().expect("a lock") = true;
    *rig.system.rows.lock().expect("a lock") = (1..=30).rev().collect();
    let query = |more: Value| {
        let mut query = json!({"action": "system_list_issues", "fields": "number"});
        for (name, value) in more.as_object().expect("members") {
            query[name] = value.clone();
        }
        query
    };
    let answer = rig.json(query(json!({}))).await;
    assert_eq!((answer["data"].as_array().expect("rows").len(), asked(&rig)), (5, 1));
    assert!(answer["next"].is_string());
    let answer = rig.json(query(json!({"limit": 12}))).await;
    assert_eq!((answer["data"].as_array().expect("rows").len(), asked(&rig)), (12, 1));
    assert!(answer.get("next").is_none(), "{answer}");
    assert_eq!(rig.data(query(json!({"count": true}))).await, 30);
    assert_eq!(asked(&rig), 2);
    let one_page = query(json!({"count": true, "params": {"page": 2}}));
    assert_eq!(rig.data(one_page).await, 10);
    // Where more is looked through than is shown, it is not in small pages.
    asked(&rig);
    for params in [json!({"per_page": 1}), json!({"per_page": null})] {
        assert_eq!(rig.data(query(json!({"count": true, "params": params}))).await, 30);
        let found = query(json!({"filter": {"number": 2}, "params": params}));
        assert_eq!(rig.data(found).await, json!([{"number": 2}]));
        assert_eq!(asked(&rig), 4);
    }
    let one_page = query(json!({"count": true, "params": {"page": 2, "per_page": 7}}));
    assert_eq!(rig.data(one_page).await, 7);
    let none = query(json!({"count": true, "params": {"per_page": 0}}));
    assert!(rig.refusal(none).await["error"].to_string().contains("per_page"));
    *rig.system.rows.lock().expect("a lock") = (1..=300).rev().collect();
    let refusal = rig.refusal(query(json!({"count": true}))).await;
    assert!(refusal["error"].as_str().expect("a text").contains("too long"), "{refusal}");
    // A page that is full and says nothing may be the last.
    *rig.system.says_more.lock().expect("a lock") = false;
    *rig.system.rows.lock().expect("a lock") = (1..=5).rev().collect();
    assert!(rig.json(query(json!({}))).await.get("next").is_none());
    *rig.system.rows.lock().expect("a lock") = (1..=6).rev().collect();
    assert!(rig.json(query(json!({}))).await["next"].is_string());
}

#[tokio::test]
async fn what_a_filter_finds_behind_the_last_page_is_behind_a_cursor() {
    let rig = Rig::new();
    *rig.system.rows.lock().expect("a lock") = (1..=450).rev().collect();
    let mut query = json!({"action": "system_list_issues", "filter": {"number": 5}, "limit": 1,
                           "fields": "number"});
    for numbers in [json!([]), json!([]), json!([{"number": 5}])] {
        let answer = rig.json(query.clone()).await;
        assert_eq!(answer["data"], numbers, "{answer}");
        query["cursor"] = answer["next"].clone();
    }
    assert_eq!(query["cursor"], Value::Null);
}

#[tokio::test]
async fn a_picture_is_a_handle_and_never_text() {
    let rig = Rig::new();
    let handle = rig.data(json!({"action": "system_take_picture"})).await;
    let id = handle["blob"].as_str().expect("an id");
    assert!(id.starts_with("b_") && id.len() == 22, "{id}");
    assert_eq!(
        handle,
        json!({"blob": id, "type": "image/png", "bytes": 24, "width": 2, "height": 3})
    );
    for fields in ["*", "base64"] {
        let answer = rig.ask(&json!({"action": "system_take_picture", "fields": fields})).await;
        let text = answer.expect("an answer").text;
        assert!(text.contains("b_") && !text.contains(PICTURE), "{text}");
    }
    let read = json!({"action": "read_blob", "params": {"id": id}, "fields": "base64"});
    assert_eq!(rig.data(read).await["base64"], PICTURE);
}

#[tokio::test]
async fn a_long_text_is_a_handle_that_is_read_in_parts_to_its_end() {
    let rig = Rig::new();
    let answer = rig.data(json!({"action": "system_get_article"})).await;
    assert_eq!(answer["title"], "On numbers");
    let id = answer["text"]["blob"].as_str().expect("an id");
    assert_eq!(answer["text"]["bytes"], article().len());
    let mut query = json!({"action": "read_blob", "params": {"id": id}, "max_tokens": 500});
    let mut read = String::new();
    for _ in 0..1000 {
        let answer = rig.ask(&query).await.expect("an answer");
        assert!(answer.tokens <= 500);
        let answer: Value = serde_json::from_str(&answer.text).expect("JSON");
        read.push_str(answer["data"].as_str().expect("a text"));
        if answer.get("next").is_none() {
            break;
        }
        query["cursor"] = answer["next"].clone();
    }
    assert!(read == article(), "{} of {} bytes", read.len(), article().len());
    let some = json!({"action": "read_blob", "params": {"id": id, "offset": 5, "length": 4}});
    assert_eq!(rig.data(some).await, article()[5..9]);
    for (offset, error) in [(1_000_000, "offset must be at most"), (10, "where a character starts")]
    {
        let read = json!({"action": "read_blob", "params": {"id": id, "offset": offset}});
        let refusal = rig.refusal(read).await;
        assert!(refusal["error"].as_str().expect("a text").contains(error), "{refusal}");
    }
}

#[tokio::test]
async fn a_tree_fills_the_budget_level_by_level_and_goes_on_to_its_end() {
    let rig = Rig::new();
    let ids = |data: &Value| -> Vec<String> {
        let rows = data.as_array().expect("rows").iter();
        rows.map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    };
    for (max_tokens, fewest) in [(0, 300), (2000, 100), (300, 12)] {
        let mut query = json!({"action": "system_get_tree", "max_tokens": max_tokens});
        let mut seen: Vec<String> = Vec::new();
        let mut depth = 0;
        loop {
            let answer = rig.json(query.clone()).await;
            let rows = answer["data"].as_array().expect("rows");
            let ids = ids(&answer["data"]);
            let depth_of = |row: &Value| row["depth"].as_u64().expect("a depth");
            // Children follow their parent, or name it where it was on an earlier page.
            for (at, row) in rows.iter().enumerate() {
                let above = rows[..at].iter().rfind(|above| depth_of(above) < depth_of(row));
                let is_top = depth_of(row) == 0;
                assert!(is_top || above.is_some() || row.get("parent").is_some(), "{row}");
            }
            // Level by level.
            let depths: Vec<u64> = rows.iter().map(depth_of).collect();
            assert!(depths.iter().all(|at| *at >= depth), "{rows:?}");
            depth = depths.iter().max().expect("a row").saturating_sub(1);
            if seen.is_empty() {
                assert!(ids.len() >= fewest, "{max_tokens}: {}", ids.len());
                let hidden = rows.iter().filter_map(|row| row["children"].as_u64()).sum::<u64>();
                assert_eq!(hidden > 0, answer.get("next").is_some(), "{max_tokens}");
            }
            assert!(ids.iter().all(|id| !seen.contains(id)), "{ids:?}");
            seen.extend(ids);
            let Some(next) = answer.get("next") else { break };
            query["cursor"] = next.clone();
        }
        assert_eq!(seen.len(), 300, "{max_tokens}");
    }
    let count = json!({"action": "system_get_tree", "count": true});
    assert_eq!(rig.data(count).await, 300);
    let named = json!({"action": "system_get_tree", "fields": "id,fills", "limit": 1});
    assert_eq!(rig.data(named).await, json!([{"id": "1:0", "fills": [1, 2]}]));
    let whole = rig.data(json!({"action": "system_get_tree", "fields": "*"})).await;
    assert_eq!(whole["pages"]["type"], "application/json");
}

#[tokio::test]
async fn the_log_is_listed_the_newest_first() {
    let rig = Rig::new();
    rig.add_tasks(3).await;
    rig.refusal(json!({"action": "add_task", "params": {}})).await;
    let failed = json!({"action": "list_logs", "params": {"status": "error"}, "fields": "action,payload.result"});
    assert_eq!(
        rig.data(failed).await,
        json!([{"action": "add_task", "payload": {"result": "title is required"}}])
    );
    let newest = rig.data(json!({"action": "list_logs", "params": {"limit": 2}})).await;
    assert_eq!(newest[0]["action"], "list_logs");
    assert_eq!(newest[1]["status"], "error");
    let few = json!({"action": "list_logs", "params": {"limit": 1}, "filter": {"status": "error"},
                     "fields": "action"});
    assert_eq!(rig.data(few).await, json!([{"action": "add_task"}]));
    let counts = json!({"action": "list_logs", "group_by": "action"});
    assert_eq!(rig.data(counts).await, json!({"add_task": 4, "list_logs": 3}));
}

#[tokio::test]
async fn a_page_that_ends_early_since_it_is_long_is_not_the_last() {
    let rig = Rig::new();
    let params = json!({"title": "t", "description": "x".repeat(9000)});
    for _ in 0..600 {
        let params = ParamsText::from_value(&params).expect("an object");
        rig.dispatcher.dispatch(Call::new("add_task", params)).await.expect("a task");
    }
    let mut counted =
        json!({"action": "list_logs", "filter": {"action": "add_task"}, "count": true});
    assert_eq!(rig.data(counted.clone()).await, 600);
    counted["id"] = json!("a");
    let batch = json!({"steps": [counted], "atomic": true});
    let transaction = rig.data(json!({"action": "batch", "params": batch})).await;
    assert_eq!(transaction[0]["data"], 600);
}
