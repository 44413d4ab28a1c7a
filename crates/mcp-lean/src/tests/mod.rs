//! The lean API over a memory without a database, and a fake upstream.

mod actions;
mod batches;
mod connected;
mod connection;
mod cursors;
mod kept;
mod lost_entries;
mod queries;
mod system;

use std::sync::Arc;

use serde_json::{Value, json};

use super::blobs::{BlobLimits, Blobs};
use super::format::Format;
use super::{Lean, LeanAnswer, LeanQuery, error_text};
use connection::Connection;
use mcp_core::dispatch::Redactor;
use mcp_core::memory::Store;
use mcp_core::memory::in_memory::InMemoryStore;
use mcp_core::{Dispatcher, Registry, SystemClock};
use system::System;

/// Everything that a test asks.
struct Rig {
    lean: Lean,
    dispatcher: Dispatcher,
    system: System,
    connection: Connection,
}

impl Rig {
    fn new() -> Self {
        Self::keeping(BlobLimits::default())
    }

    fn keeping(limits: BlobLimits) -> Self {
        Self::over(InMemoryStore::new(SystemClock::shared(), 10_000), limits)
    }

    fn over(store: impl Store + 'static, limits: BlobLimits) -> Self {
        let lean = Lean::new(Arc::new(Blobs::new(limits, 1)));
        let (system, connection) = (System::default(), Connection::default());
        let registry = Registry::builder()
            .with(mcp_core::actions::register)
            .with(|registry| lean.register(registry))
            .with(|registry| system.register(registry))
            .with(|registry| connection.register(registry))
            .build()
            .expect("a registry");
        let redactor = Redactor::new([]);
        let clock = SystemClock::shared();
        let dispatcher = Dispatcher::new(Arc::new(registry), Arc::new(store), clock, redactor);
        Self { lean, dispatcher, system, connection }
    }

    async fn ask(&self, query: &Value) -> Result<LeanAnswer, Value> {
        let query = LeanQuery::read(&query.to_string(), Format::Json);
        let answer = match &query {
            Ok(query) => self.lean.query(&self.dispatcher, query).await,
            Err(error) => return Err(said(error)),
        };
        answer.map_err(|error| said(&error))
    }

    /// The answer in JSON.
    async fn json(&self, query: Value) -> Value {
        let answer = self.ask(&query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
        serde_json::from_str(&answer.text).expect("JSON")
    }

    async fn data(&self, query: Value) -> Value {
        self.json(query).await["data"].take()
    }

    async fn refusal(&self, query: Value) -> Value {
        match self.ask(&query).await {
            Ok(answer) => panic!("{query}: {}", answer.text),
            Err(error) => error,
        }
    }

    async fn add_tasks(&self, count: usize) {
        for number in 1..=count {
            let priority = ["low", "high", "medium"][number % 3];
            let params = json!({"title": format!("Task {number}"), "priority": priority});
            self.data(json!({"action": "add_task", "params": params})).await;
        }
    }
}

fn said(error: &mcp_core::ActionError) -> Value {
    serde_json::from_str(&error_text(error)).expect("JSON")
}
