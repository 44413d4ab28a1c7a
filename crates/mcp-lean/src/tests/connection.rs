//! A fake connection: `crm__get` reads and `crm__add` writes, and both return the same result.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use serde_json::{Value, json};

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
