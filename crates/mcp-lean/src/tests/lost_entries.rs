//! Log entries that the store does not take: the call was carried out, and its caller learns that.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Rig;
use crate::blobs::BlobLimits;
use mcp_core::action::params::ParamsText;
use mcp_core::domain::LogEntry;
use mcp_core::memory::in_memory::InMemoryStore;
use mcp_core::memory::{Freshness, Store, StoreError, StoreFuture, Work};
use mcp_core::{Call, Clock, Timestamp};

/// A store that takes no log entry of a call that writes nothing.
struct NoEntries(InMemoryStore);

impl Store for NoEntries {
    fn read(&self, freshness: Freshness, work: Work) -> StoreFuture<'_, ()> {
        self.0.read(freshness, work)
    }

    fn write(&self, work: Work) -> StoreFuture<'_, ()> {
        self.0.write(work)
    }

    fn record(&self, _: LogEntry) -> StoreFuture<'_, ()> {
        Box::pin(async { Err(StoreError::Unavailable("on purpose".into())) })
    }

    fn ready(&self) -> StoreFuture<'_, ()> {
        self.0.ready()
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        self.0.close()
    }
}

/// A clock that stands still: two stores give the same answers.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(0)
    }
}

async fn called(rig: &Rig, action: &str, params: &Value) -> Result<String, String> {
    let params = ParamsText::from_value(params).expect("an object");
    let answer = rig.dispatcher.dispatch(Call::new(action, params)).await;
    answer
        .map(|text| text.get().to_owned())
        .map_err(|error| format!("{:?} {} {:?}", error.code, error.message, error.retry_after))
}

#[tokio::test]
async fn every_kind_of_call_is_answered_as_if_its_entry_were_stored() {
    let store = || InMemoryStore::new(Arc::new(Still), 10_000);
    let rig = Rig::over(NoEntries(store()), BlobLimits::default());
    let usual = Rig::over(store(), BlobLimits::default());
    for rig in [&rig, &usual] {
        rig.system.rows.lock().expect("no panic").extend(1..30);
    }
    let add =
        |id: &str, title: &str| json!({"id": id, "action": "add_task", "params": {"title": title}});
    let batch = |atomic: bool, titles: &[&str]| {
        let steps: Vec<_> =
            titles.iter().enumerate().map(|(at, it)| add(&at.to_string(), it)).collect();
        json!({"steps": steps, "atomic": atomic})
    };
    // The last number is how many entries are lost.
    for (action, params, lost) in [
        ("add_task", json!({"title": "a"}), 0),
        ("add_task", json!({"title": ""}), 1),
        ("list_tasks", json!({}), 1),
        ("get_config", json!({}), 1),
        ("get_user", json!({"username": "nobody"}), 1),
        ("system_list_issues", json!({"per_page": 3}), 1),
        ("system_get_tree", json!({}), 1),
        ("batch", batch(false, &["b", "c"]), 1),
        ("batch", batch(true, &["d", "e"]), 1),
        // The batch's own entry, and that of the step which failed.
        ("batch", batch(true, &["f", ""]), 2),
        ("no_such_action", json!({}), 1),
    ] {
        let before = rig.dispatcher.lost_log_entries();
        let answer = called(&rig, action, &params).await;
        assert_eq!(answer, called(&usual, action, &params).await, "{action} {params}");
        assert_eq!(rig.dispatcher.lost_log_entries() - before, lost, "{action} {params}");
    }
    assert_eq!(usual.dispatcher.lost_log_entries(), 0);
    let titles = json!({"action": "list_tasks", "fields": ["title"]});
    assert_eq!(rig.json(titles.clone()).await, usual.json(titles).await);
}
