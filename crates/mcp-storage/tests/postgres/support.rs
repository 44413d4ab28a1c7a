//! Stores for these tests.

use std::sync::Arc;

use mcp_core::SystemClock;
use mcp_core::domain::NewTask;
use mcp_core::memory::{Freshness, Memory, Store, StoreError, StoreRuns};
use mcp_storage::{Location, OpenError, Options};

pub(crate) fn try_open(url: &str, options: &Options) -> Result<Arc<dyn Store>, OpenError> {
    let location = Location::parse(url).expect("an address");
    mcp_storage::open(&location, options, SystemClock::shared())
}

pub(crate) fn open(url: &str) -> Arc<dyn Store> {
    try_open(url, &Options::default()).expect("a store")
}

pub(crate) fn task(title: &str) -> NewTask {
    NewTask {
        title: title.into(),
        description: String::new(),
        priority: "medium".into(),
        status: "pending".into(),
        assigned_to: None,
    }
}

/// Adds a task and returns its id.
pub(crate) async fn add(store: &Arc<dyn Store>, title: &str) -> Result<i64, StoreError> {
    let task = task(title);
    store.write_for(move |memory| Ok(memory.add_task(&task)?.id.0)).await
}

pub(crate) async fn read<T: Send + 'static>(
    store: &Arc<dyn Store>,
    work: impl FnOnce(&mut dyn Memory) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.read_for(Freshness::WritesAndLogs, work).await.expect("a read").expect("read")
}
