//! A fake connection: `crm__get` reads and `crm__add` writes, and both return the same result.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::Rig;
use crate::tokens;
use mcp_core::action::{Action, RemoteText, View};
use mcp_core::{Doc, Effect, Group, RegistryBuilder};

/// The result of its actions, how often they were called, and the last parameters.
#[derive(Clone, Default)]
pub(super) struct Connection {
    result: Arc<Mutex<String>>,
    calls: Arc<AtomicUsize>,
    pub(super) params: Arc<Mutex<String>>,
}

impl Connection {
    pub(super) fn returns(&self, result: &Value) {
        *self.result.lock() = result.to_string();
    }

    /// Returns the number of calls since the last time.
    pub(super) fn calls(&self) -> usize {
        self.calls.swap(0, Ordering::SeqCst)
    }

    pub(super) fn register(&self, registry: RegistryBuilder) -> RegistryBuilder {
        registry
            .action(self.action("crm__get", Effect::Read))
            .action(self.action("crm__add", Effect::Write))
    }

    fn action(&self, name: &'static str, effect: Effect) -> Action {
        let doc = Doc::without_example(Group::owned("crm".into(), String::new()), "Do it");
        let connection = self.clone();
        let schema = json!({"type": "object"});
        Action::at_run_time(name, effect, doc.view(View::OPEN), schema, move |params, _| {
            params.get().clone_into(&mut connection.params.lock());
            connection.calls.fetch_add(1, Ordering::SeqCst);
            let text = connection.result.lock().clone();
            Box::pin(async move { Ok(RemoteText { text, has_more: false }) })
        })
    }
}

/// Its actions.
pub(super) const BOTH: [&str; 2] = ["crm__get", "crm__add"];

/// Reads all pages of a query. Returns the parts of their data, and checks that nothing is called again.
pub(super) async fn read_to_the_end(rig: &Rig, mut query: Value, max_tokens: usize) -> Vec<Value> {
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

/// Returns rows whose ids repeat.
pub(super) fn rows(count: usize) -> Vec<Value> {
    (0..count).map(|id| json!({"id": id % 7, "title": format!("Row {id}")})).collect()
}
