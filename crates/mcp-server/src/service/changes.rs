//! Broadcasts change events to everybody who waits for changes of the memory.

use std::collections::BTreeSet;
use std::time::Duration;

use mcp_core::changes::{Change, Watcher};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{Receiver, Sender, channel};

/// Events kept for a slow subscriber. One that falls further behind gets [`Change::All`].
const CAPACITY: usize = 256;
/// How long to collect events before a subscriber gets them.
const COLLECTION_TIME: Duration = Duration::from_millis(20);

/// Sends each change event to all subscribers.
pub(crate) struct ChangeBroadcast(Sender<Change>);

/// Receives the change events since its creation.
pub(crate) struct ChangeReceiver(Receiver<Change>);

impl Default for ChangeBroadcast {
    fn default() -> Self {
        Self(channel(CAPACITY).0)
    }
}

impl ChangeBroadcast {
    pub(crate) fn subscribe(&self) -> ChangeReceiver {
        ChangeReceiver(self.0.subscribe())
    }
}

impl Watcher for ChangeBroadcast {
    fn changed(&self, change: Change) {
        // Sending fails only without subscribers.
        let _ = self.0.send(change);
    }
}

impl ChangeReceiver {
    /// Waits for an event and returns it with those that follow closely; `None` when the broadcast
    /// has ended.
    pub(crate) async fn next(&mut self) -> Option<BTreeSet<Change>> {
        let mut changes = BTreeSet::new();
        match self.0.recv().await {
            Ok(change) => changes.insert(change),
            Err(RecvError::Lagged(_)) => changes.insert(Change::All),
            Err(RecvError::Closed) => return None,
        };
        tokio::time::sleep(COLLECTION_TIME).await;
        loop {
            match self.0.try_recv() {
                Ok(change) => changes.insert(change),
                Err(TryRecvError::Lagged(_)) => changes.insert(Change::All),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return Some(changes),
            };
        }
    }
}
