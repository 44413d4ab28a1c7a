//! Results of connected actions that do not fit: read to their end without a second call.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Rig;
use super::connection::{BOTH, read_to_the_end, rows};
use crate::blobs::BlobLimits;
use crate::testing::{any_json, any_rows, any_text};
use crate::tokens;

async fn logged(rig: &Rig) -> usize {
    let query = json!({"action": "list_logs", "params": {"action": "crm__add"}, "count": true});
    let count = rig.data(query).await.as_u64().expect("a count");
    usize::try_from(count).expect("few")
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
    let text = super::system::article().repeat(10);
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

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

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
        parts in prop::collection::vec(any_text(), 0..80),
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
