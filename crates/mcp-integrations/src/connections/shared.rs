//! The parts that all connections use: the database, the HTTP client, and the notice of changes.

use std::sync::Arc;

use mcp_core::memory::{Freshness, Store, StoreError, StoreRuns};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::mcp::child::BaseEnvironment;
use super::tools::Pins;
use crate::upstream::{Exchange, SharedClient};

/// The kind of the documents with lists of tools, by the hash of the connection's settings.
const TOOLS: &str = "connection-tools";
/// The kind of the documents with trusted digests, by the connection's name.
const PINS: &str = "connection-pins";

pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) client: SharedClient,
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) base: BaseEnvironment,
    /// Runs what no caller waits for.
    pub(crate) runtime: Handle,
    /// The number of changes of the actions.
    pub(crate) changes: watch::Sender<u64>,
    /// The number of attempts to connect that have ended, so that callers who wait look again.
    pub(crate) attempts: watch::Sender<u64>,
    /// The number of changes that the registry has.
    pub(crate) published: watch::Sender<u64>,
}

/// The database could not be read.
#[derive(Debug)]
pub(crate) struct Unreadable;

impl Shared {
    /// Tells that the actions have changed.
    pub(crate) fn tell(&self) {
        self.changes.send_modify(|number| *number += 1);
        self.tell_attempt();
    }

    /// Tells that an attempt to connect has ended.
    pub(crate) fn tell_attempt(&self) {
        self.attempts.send_modify(|number| *number += 1);
    }

    /// Returns the stored list of tools of a connection's settings.
    pub(crate) async fn stored_tools(&self, hash: &str) -> Option<String> {
        self.find(TOOLS, hash.to_owned()).await.ok().flatten()
    }

    pub(crate) async fn store_tools(&self, hash: &str, text: String) {
        self.put(TOOLS, hash.to_owned(), text).await;
    }

    /// Removes the lists of settings that are not used any more.
    pub(crate) async fn keep_tools(&self, hashes: Vec<String>) {
        let work = move |memory: &mut dyn mcp_core::Memory| {
            let hashes: Vec<&str> = hashes.iter().map(String::as_str).collect();
            memory.keep_documents(TOOLS, &hashes)
        };
        log_failure(self.store.write_for::<_, StoreError>(work).await);
    }

    /// Returns the trusted digests; `None` if the connection was never seen.
    ///
    /// # Errors
    /// Returns an error if they cannot be read, which was logged.
    pub(crate) async fn pins(&self, connection: &str) -> Result<Option<Pins>, Unreadable> {
        let text = self.find(PINS, connection.to_owned()).await?;
        let pins = text.map(|text| serde_json::from_str(&text)).transpose();
        pins.map_err(|error| {
            log::error!("the trusted definitions of {connection} are damaged: {error}");
            Unreadable
        })
    }

    pub(crate) async fn store_pins(&self, connection: &str, pins: &Pins) {
        let text = serde_json::to_string(pins).expect("a map of texts is JSON");
        self.put(PINS, connection.to_owned(), text).await;
    }

    async fn find(&self, kind: &'static str, key: String) -> Result<Option<String>, Unreadable> {
        let work = move |memory: &mut dyn mcp_core::Memory| memory.find_document(kind, &key);
        let found = self.store.read_for(Freshness::Writes, work).await;
        found.and_then(|found| found).map_err(|error| {
            log_failure(Err(error));
            Unreadable
        })
    }

    async fn put(&self, kind: &'static str, key: String, text: String) {
        let work = move |memory: &mut dyn mcp_core::Memory| memory.put_document(kind, &key, &text);
        log_failure(self.store.write_for::<_, StoreError>(work).await);
    }
}

fn log_failure(outcome: Result<(), StoreError>) {
    if let Err(error) = outcome {
        log::error!("the database cannot keep what is known of connections: {error}");
    }
}
