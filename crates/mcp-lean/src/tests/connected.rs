//! Results of connected actions: of any shape, and read to their end without a second call.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::blobs::BlobLimits;
use super::super::testing::{any_json, any_rows};
use super::super::{LeanQuery, tokens, writing_action};
use super::Rig;
use super::system::PICTURE;
use crate::format::Format;

const BOTH: [&str; 2] = ["crm__get", "crm__add"];

/// Reads all pages of a query. Returns the parts of their data, and checks that nothing is called again.
async fn read_to_the_end(rig: &Rig, mut query: Value, max_tokens: usize) -> Vec<Value> {
    query["max_tokens"] = max_tokens.into();
    let mut parts = Vec::new();
    for page in 0..5000 {
        let answer = rig.ask(&query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
        assert!(answer.tokens <= max_tokens && tokens::count(&answer.text) == answer.tokens);
        assert_eq!(rig.connection.calls(), usize::from(page == 0), "{query}");
        let mut answer: Value = serde_json::from_str(&answer.text).expect("JSON");
        match answer["data"].take() {
            Value::Array(rows) => parts.extend(rows),
            part => parts.push(part),
        }
        let Some(next) = answer.get("next") else { return parts };
        query["cursor"] = next.clone();
    }
    panic!("{query} does not end");
}

fn rows(count: usize) -> Vec<Value> {
    (0..count).map(|id| json!({"id": id % 7, "title": format!("Row {id}")})).collect()
}

async fn logged(rig: &Rig) -> usize {
    let query = json!({"action": "list_logs", "params": {"action": "crm__add"}, "count": true});
    let count = rig.data(query).await.as_u64().expect("a count");
    usize::try_from(count).expect("few")
}

#[tokio::test]
async fn each_shape_is_shown() {
    let rig = Rig::new();
    let list = json!([{"id": 1, "x": null}, {"id": 2}]);
    let texts = json!({"content": [{"type": "text", "text": "a"}]});
    for (result, query, shown) in [
        (list.clone(), json!({}), json!({"data": list})),
        (json!({"items": list}), json!({}), json!({"data": list})),
        (json!({"items": list}), json!({"fields": "id"}), json!({"data": [{"id": 1}, {"id": 2}]})),
        (
            json!({"items": list}),
            json!({"fields": "items.id"}),
            json!({"data": {"items": [{"id": 1}, {"id": 2}]}}),
        ),
        (json!({"items": list}), json!({"count": true}), json!({"data": 2})),
        (json!({"items": list}), json!({"filter": {"id": 2}}), json!({"data": [{"id": 2}]})),
        (json!({"items": list}), json!({"group_by": "id", "limit": 1}), json!({"data": {"1": 1}})),
        (list.clone(), json!({"sort": "-id", "limit": 1}), json!({"data": [{"id": 2}]})),
        (texts.clone(), json!({}), json!({"data": texts["content"]})),
        (
            json!({"items": list, "total": 2}),
            json!({"fields": "total"}),
            json!({"data": {"total": 2}}),
        ),
        (json!({"a": {"b": 1}}), json!({"fields": "a.b"}), json!({"data": {"a": {"b": 1}}})),
        (json!({}), json!({}), json!({"data": {}})),
        (json!("naïve"), json!({}), json!({"data": "naïve"})),
        (json!(""), json!({}), json!({"data": ""})),
        (json!(7.5), json!({}), json!({"data": 7.5})),
        (json!(null), json!({}), json!({"data": null})),
        (json!([]), json!({"fields": "x"}), json!({"data": []})),
        (json!([1, "a", null]), json!({}), json!({"data": [1, "a", null]})),
    ] {
        rig.connection.returns(&result);
        for action in BOTH {
            let mut query = query.clone();
            query["action"] = action.into();
            assert_eq!(rig.json(query.clone()).await, shown, "{query} of {result}");
            assert_eq!(rig.connection.calls(), 1);
        }
    }
    rig.connection.returns(&list);
    let query = json!({"action": "crm__get", "format": "csv", "fields": "id"});
    assert_eq!(rig.ask(&query).await.expect("an answer").text, "id\n1\n2");
    assert_eq!(rig.lean.blobs().count(), 0, "an answer that fits keeps nothing");
}

#[tokio::test]
async fn data_in_content_blocks_becomes_handles() {
    let rig = Rig::new();
    let contents = |text: &str| {
        json!({"content": [
            {"type": "text", "text": text},
            {"type": "image", "data": PICTURE, "mimeType": "image/png"},
            {"type": "audio", "data": "no base64!", "mimeType": "audio/wav"},
            {"type": "resource", "resource": {"uri": "a:1", "mimeType": "application/pdf", "blob": "eHl6"}},
            {"type": "resource_link", "uri": "a:2", "name": "a"},
        ]})
    };
    rig.connection.returns(&contents("A page"));
    let answer = rig.json(json!({"action": "crm__get"})).await;
    let blocks = &answer["data"]["content"];
    assert_eq!(blocks[0]["text"], "A page");
    assert_eq!(
        (&blocks[1]["data"]["type"], &blocks[1]["data"]["width"]),
        (&json!("image/png"), &json!(2))
    );
    assert_eq!(blocks[2]["data"], "no base64!");
    let file = &blocks[3]["resource"]["blob"];
    assert_eq!((&file["type"], &file["bytes"]), (&json!("application/pdf"), &json!(3)));
    assert_eq!(
        rig.lean.blobs().get(file["blob"].as_str().expect("an id")).expect("a blob").bytes,
        b"xyz"
    );
    assert_eq!(blocks[4]["name"], "a");
    let texts = rig.json(json!({"action": "crm__get", "fields": "content.text"})).await;
    assert_eq!(texts["data"]["content"][0], json!({"text": "A page"}));
    rig.connection.calls();

    // What does not fit as one value is shown block by block, with the same handles.
    rig.connection.returns(&contents(&"A long page. ".repeat(100)));
    let kept = rig.lean.blobs().count();
    let blocks = read_to_the_end(&rig, json!({"action": "crm__add"}), 100).await;
    let kinds: Vec<&str> = blocks.iter().filter_map(|block| block["type"].as_str()).collect();
    assert_eq!(kinds, ["text", "image", "audio", "resource", "resource_link"]);
    assert_eq!(blocks[0]["text"]["type"], "text/plain");
    assert_eq!(blocks[3]["resource"]["blob"]["bytes"], 3);
    assert_eq!(rig.lean.blobs().count() - kept, 4, "picture, file, long text, the result itself");
}

#[tokio::test]
async fn a_long_list_is_read_to_its_end_by_one_call() {
    let rig = Rig::new();
    let rows: Vec<Value> = (0..20_000).map(|id| json!({"id": id, "on": id % 2 == 0})).collect();
    let result = json!({"rows": rows});
    assert!(tokens::count(&result.to_string()) > 171_000);
    rig.connection.returns(&result);
    let read = read_to_the_end(&rig, json!({"action": "crm__add"}), 2000).await;
    assert!(read == rows, "all rows in their order");
    assert_eq!(logged(&rig).await, 1);
    assert_eq!(rig.lean.blobs().count(), 1, "it is kept once for all pages");
}

#[tokio::test]
async fn reductions_are_read_on_too() {
    let rig = Rig::new();
    rig.connection.returns(&rows(60).into());
    for action in BOTH {
        for (query, expected) in [
            (json!({"sort": "-id", "fields": "id"}), {
                let mut ids: Vec<usize> = (0..60).map(|id| id % 7).collect();
                ids.sort_unstable_by(|one, other| other.cmp(one));
                ids
            }),
            (
                json!({"filter": {"id": [2, 3]}, "fields": "id"}),
                (0..60).map(|id| id % 7).filter(|id| [2, 3].contains(id)).collect(),
            ),
            (json!({"limit": 33, "fields": "id"}), (0..33).map(|id| id % 7).collect()),
        ] {
            let mut query = query;
            query["action"] = action.into();
            let read = read_to_the_end(&rig, query.clone(), 60).await;
            let ids: Vec<Value> = read.into_iter().map(|row| row["id"].clone()).collect();
            assert_eq!(json!(ids), json!(expected), "{query}");
        }
    }
    // Rows that are sorted alike come once each.
    let mut titles = read_to_the_end(&rig, json!({"action": "crm__get", "sort": "id"}), 100).await;
    titles.sort_by_key(|row| row["title"].as_str().expect("a title")[4..].parse::<usize>().ok());
    assert_eq!(titles, rows(60));
    // A field that only some rows have may be named on each page.
    let mut sparse = rows(60);
    sparse[0]["note"] = "x".into();
    rig.connection.returns(&sparse.into());
    let read = read_to_the_end(&rig, json!({"action": "crm__get", "fields": "id,note"}), 60).await;
    assert_eq!(read.len(), 60);
}

#[tokio::test]
async fn a_long_text_is_read_to_its_end_by_one_call() {
    let rig = Rig::new();
    let text: String = (0..20_000).map(|number| format!("Zahl {number} größer. ")).collect();
    rig.connection.returns(&text.clone().into());
    let parts = read_to_the_end(&rig, json!({"action": "crm__add"}), 2000).await;
    let read: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
    assert!(read.len() > 20 && read.concat() == text);
    assert_eq!(logged(&rig).await, 1);
}

#[tokio::test]
async fn a_kept_result_that_is_gone_is_not_called_again() {
    let limits = BlobLimits { bytes: 16_000, count: 2, age: Duration::from_mins(1) };
    let rig = Rig::keeping(limits);
    rig.connection.returns(&rows(60).into());
    for (action, what_to_do) in [
        ("crm__get", "repeat the call without cursor"),
        ("crm__add", "crm__add was carried out, do not call it again"),
    ] {
        let mut query = json!({"action": action, "max_tokens": 60});
        query["cursor"] = rig.json(query.clone()).await["next"].take();
        assert_eq!(rig.connection.calls(), 1);
        rig.json(query.clone()).await;
        for _ in 0..2 {
            rig.lean.blobs().keep("text/plain", vec![b'x'; 4000]).expect("a handle");
        }
        let refusal = rig.refusal(query.clone()).await["error"].take();
        let refusal = refusal.as_str().expect("a text");
        assert!(refusal.starts_with("the kept result of this cursor is gone: "), "{refusal}");
        assert!(refusal.contains(what_to_do), "{refusal}");
        for (name, value, message) in [
            ("params", json!({"x": 1}), "another query"),
            ("count", json!(true), "cursor"),
            ("cursor", json!("x"), "invalid cursor"),
        ] {
            let mut other = query.clone();
            other[name] = value;
            let refusal = rig.refusal(other).await.to_string();
            assert!(refusal.contains(message), "{refusal}");
        }
        let cursor = query["cursor"].as_str().expect("a cursor");
        let shorter = cursor.split(".b").next().expect("a part");
        let refusal = rig.refusal(json!({"action": action, "cursor": shorter})).await.to_string();
        assert!(refusal.contains("invalid cursor"), "{refusal}");
        assert_eq!(rig.connection.calls(), 0, "{action}");
    }
}

#[tokio::test]
async fn a_cursor_names_no_other_blob() {
    let rig = Rig::new();
    rig.connection.returns(&rows(60).into());
    let mut query = json!({"action": "crm__get", "max_tokens": 60});
    let next = rig.json(query.clone()).await["next"].take();
    let (place, _) = next.as_str().expect("a cursor").split_once(".b").expect("a blob");
    for (kind, bytes) in
        [("text/plain", &b"[1]"[..]), ("application/json", b"x"), ("image/png", b"\xff")]
    {
        let handle = rig.lean.blobs().keep(kind, bytes.to_vec()).expect("a handle");
        let id = handle["blob"].as_str().expect("an id");
        query["cursor"] = format!("{place}.b{}", &id[2..]).into();
        rig.refusal(query.clone()).await;
    }
    rig.connection.returns(&"é".repeat(1000).into());
    let next = rig.json(json!({"action": "crm__get", "max_tokens": 60})).await["next"].take();
    let next = next.as_str().expect("a cursor");
    let (start, id) = next.split_once(".b").expect("a blob");
    let digest = start.split('.').next().expect("a digest");
    for place in ["1", "2001", "-1", "-", "h1", "9223372036854775807"] {
        let cursor = format!("{digest}.{place}.b{id}");
        let refusal =
            rig.refusal(json!({"action": "crm__get", "cursor": cursor})).await.to_string();
        assert!(refusal.contains("invalid cursor"), "{cursor}: {refusal}");
    }
}

#[tokio::test]
async fn a_result_that_is_too_large_to_keep_is_refused_in_words() {
    let rig = Rig::keeping(BlobLimits { bytes: 4000, count: 10, age: Duration::from_mins(1) });
    rig.connection.returns(&rows(60).into());
    let read = rig.refusal(json!({"action": "crm__get", "max_tokens": 60})).await;
    let text = read["error"].as_str().expect("a text");
    assert!(text.contains("too many to keep: at most 1000; narrow it with fields"), "{text}");
    let written = rig.refusal(json!({"action": "crm__add", "max_tokens": 60})).await;
    let text = written["error"].as_str().expect("a text");
    assert!(
        text.ends_with(
            "at most 1000. But crm__add was carried out: do not call it again for its result"
        ),
        "{text}"
    );
    let few = rig.json(json!({"action": "crm__get", "max_tokens": 60, "limit": 3})).await;
    assert_eq!(few["data"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn a_write_whose_result_does_not_suit_the_query_says_where_it_is_kept() {
    let rig = Rig::new();
    for (result, query, message) in [
        (
            json!({"id": 1, "ok": true}),
            json!({"count": true}),
            "crm__add does not return a list: leave out filter",
        ),
        (json!("text"), json!({"limit": 1}), "crm__add does not return a list"),
        (json!([{"id": 1}]), json!({"fields": "nope"}), "unknown field \"nope\": use id"),
        (json!([{"id": 1}]), json!({"sort": "nope"}), "unknown field \"nope\": use id"),
    ] {
        rig.connection.returns(&result);
        let mut query = query;
        query["action"] = "crm__add".into();
        let refusal = rig.refusal(query.clone()).await;
        let text = refusal["error"].as_str().expect("a text");
        assert!(text.starts_with(message), "{text}");
        let notice = ". But crm__add was carried out: do not call it again for its result; read_blob reads it by the id ";
        let (_, id) = text.split_once(notice).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(rig.lean.blobs().get(id).expect("a blob").text(), Some(&*result.to_string()));
        query["action"] = "crm__get".into();
        let refusal = rig.refusal(query).await["error"].take();
        assert!(!refusal.as_str().expect("a text").contains("carried out"), "{refusal}");
    }
}

#[tokio::test]
async fn a_step_of_a_batch_may_be_connected() {
    let rig = Rig::new();
    rig.connection.returns(&json!({"items": rows(60)}));
    let steps = json!([
        {"id": "all", "action": "crm__add"},
        {"id": "one", "action": "add_task", "params": {"title": {"$ref": "all.data.1.title"}}, "fields": "title"},
        {"id": "few", "action": "crm__get", "filter": {"id": 2}, "count": true},
    ]);
    let query = json!({"action": "batch", "params": {"steps": steps, "max_tokens": 300}});
    let answer = rig.data(query.clone()).await;
    assert_eq!(rig.connection.calls(), 2);
    assert_eq!(answer[1]["data"]["title"], "Row 1");
    assert_eq!(answer[2]["data"], 9);
    let first = answer[0]["data"].as_array().expect("rows").len();
    assert!((1..60).contains(&first));
    let rest = json!({"action": "crm__add", "cursor": answer[0]["next"], "max_tokens": 0});
    assert_eq!(rig.data(rest).await, json!(rows(60)[first..]));
    rig.connection.returns(&"x ".repeat(50_000).into());
    let steps = json!([
        {"id": "text", "action": "crm__get"},
        {"id": "copy", "action": "crm__add", "params": {"text": {"$ref": "text.data"}}},
    ]);
    let query = json!({"action": "batch", "params": {"steps": steps}});
    let answer = rig.data(query).await;
    assert!(answer[0]["next"].is_string() && answer[1]["next"].is_string(), "{answer}");
    assert!(rig.connection.params.lock().len() > 100_000, "all of the text is referred to");
    rig.connection.calls();
    let atomic = json!({"action": "batch", "params": {"atomic": true, "steps": [{"id": "a", "action": "crm__get"}]}});
    let refusal = rig.refusal(atomic).await.to_string();
    assert!(refusal.contains("leave out atomic"), "{refusal}");
    assert_eq!(rig.connection.calls(), 0);
}

#[tokio::test]
async fn a_query_that_writes_is_known_before_it_runs() {
    let rig = Rig::new();
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let batch = |steps: &str| format!(r#"{{"action":"batch","params":{{"steps":{steps}}}}}"#);
    for (query, expected) in [
        (r#"{"action":"list_tasks"}"#.to_owned(), None),
        (r#"{"action":"crm__get"}"#.to_owned(), None),
        (r#"{"action":"crm__add"}"#.to_owned(), Some("crm__add")),
        (r#"{"action":"add_task"}"#.to_owned(), Some("add_task")),
        (r#"{"action":"nope"}"#.to_owned(), None),
        (r#"{"action":"batch"}"#.to_owned(), None),
        (batch("5"), None),
        (batch("[5,{}]"), None),
        (batch(r#"[{"id":"a","action":"list_tasks"},{"id":"b","action":"crm__get"}]"#), None),
        (
            batch(
                r#"[{"id":"a","action":"list_tasks"},{"id":"b","action":"crm__add"},{"id":"c","action":"add_task"}]"#,
            ),
            Some("crm__add"),
        ),
        (batch(r#""[{\"id\":\"a\",\"action\":\"add_task\"}]""#), Some("add_task")),
        (batch(r#"["{\"id\":\"a\",\"action\":\"add_task\"}"]"#), Some("add_task")),
        (batch(r#"[{"id":"a","\u0061ction":"add\u005ftask","filter":null}]"#), Some("add_task")),
        (
            batch(&format!(r#"[{{"id":"a","action":"add_task","params":{{"x":{deep}}}}}]"#)),
            Some("add_task"),
        ),
        (batch(r#"[{"id":"a","action":"add_task","params":{"x":1e999}}]"#), Some("add_task")),
    ] {
        let read = LeanQuery::read(&query, Format::Json).expect("a query");
        let found = writing_action(&read, &rig.dispatcher.registry());
        assert_eq!(found.as_deref(), expected, "{query}");
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_budget_is_exceeded_and_each_row_comes_once(
        mut rows in any_rows(), one in any_json(), long in 0..200_usize, max_tokens in 50..200_usize,
        is_wrapped in any::<bool>(), action in prop::sample::select(BOTH.to_vec()),
    ) {
        block_on(async {
            let rig = Rig::new();
            rows.push(json!({"id": 1, "text": "naïve ".repeat(long), "list": vec![7; long]}));
            let count = rows.len();
            let result = if is_wrapped { json!({"rows": rows}) } else { json!(rows) };
            rig.connection.returns(&result);
            let read = read_to_the_end(&rig, json!({"action": action}), max_tokens).await;
            prop_assert_eq!(read.len(), count);
            rig.connection.returns(&one);
            read_to_the_end(&rig, json!({"action": action}), max_tokens).await;
            Ok(())
        })?;
    }

    #[test]
    fn no_byte_of_a_text_is_lost(
        parts in prop::collection::vec(super::super::testing::any_text(), 0..200),
        max_tokens in 50..200_usize,
    ) {
        block_on(async {
            let rig = Rig::new();
            let text = parts.concat();
            rig.connection.returns(&text.clone().into());
            let read = read_to_the_end(&rig, json!({"action": "crm__add"}), max_tokens).await;
            let read: Vec<&str> = read.iter().filter_map(Value::as_str).collect();
            prop_assert_eq!(read.concat(), text);
            Ok(())
        })?;
    }
}
