//! Results of connected actions: of any shape, as answers of their own and as steps.

use serde_json::json;

use super::Rig;
use super::connection::{BOTH, read_to_the_end, rows};
use super::system::PICTURE;
use crate::format::Format;
use crate::{LeanQuery, writing_action};

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

    // Content that does not fit as one value is shown block by block, with the same handles.
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
        (batch(r#"[{"id":"a","action":"batch"}]"#), None),
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
