//! Announces changes of the memory: to the streams of `subscriptions/listen`, and to the subscribers of
//! older revisions.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use mcp_core::changes::Change;
use rmcp::model::{ErrorCode, ErrorData, ResourceUpdatedNotificationParam, SubscriptionFilter};
use rmcp::service::{Peer, RoleServer, SubscriptionContext};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::McpServer;
use crate::service::ChangeReceiver;

/// The largest number of resources in one subscription.
const MAX_RESOURCES: usize = 256;

/// The addresses that a client subscribed to.
type Addresses = Arc<Mutex<BTreeSet<String>>>;

/// Returns the part of a subscription that the server accepts: resources that can change.
pub(super) fn accepted(mcp: &McpServer, wanted: &SubscriptionFilter) -> SubscriptionFilter {
    let mut accepted = SubscriptionFilter::new();
    accepted.resource_subscriptions = wanted.resource_subscriptions.as_ref().map(|uris| {
        let mut known = BTreeSet::new();
        let watched = uris.iter().filter(|uri| known.insert(*uri) && is_watched(mcp, uri));
        watched.take(MAX_RESOURCES).cloned().collect()
    });
    accepted
}

fn is_watched(mcp: &McpServer, uri: &str) -> bool {
    mcp.resources.iter().any(|source| source.is_watched(uri))
}

/// Returns the addresses at which something changed.
fn changed(mcp: &McpServer, uris: &BTreeSet<String>, changes: &BTreeSet<Change>) -> Vec<String> {
    let is_changed = |uri: &&String| {
        let mut sources = mcp.resources.iter();
        sources.any(|source| changes.iter().any(|change| source.concerns(uri, *change)))
    };
    uris.iter().filter(is_changed).cloned().collect()
}

/// Announces changes on a stream until its client closes it or the server stops.
///
/// # Errors
/// Returns an error if too many clients listen.
pub(super) async fn listen(
    mcp: &McpServer,
    subscription: &SubscriptionContext,
    mut receiver: ChangeReceiver,
) -> Result<(), ErrorData> {
    let Ok(_permit) = mcp.listeners.try_acquire() else {
        return Err(ErrorData::new(
            ErrorCode(-32006),
            "too many clients listen: try again later",
            None,
        ));
    };
    // rmcp keeps an address as often as the client named it.
    let accepted = subscription.accepted().resource_subscriptions.clone();
    let uris: BTreeSet<String> = accepted.into_iter().flatten().collect();
    loop {
        let changes = tokio::select! {
            () = subscription.cancelled() => return Ok(()),
            () = mcp.stop.cancelled() => return Ok(()),
            changes = receiver.next() => changes,
        };
        let Some(changes) = changes else { return Ok(()) };
        for uri in changed(mcp, &uris, &changes) {
            if subscription.sink().notify_resource_updated(uri).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// The subscriptions of one client of an older revision.
#[derive(Default)]
pub(super) struct Subscriptions {
    uris: Addresses,
    /// Ends the task that announces changes when the client is gone.
    task: Mutex<Option<DropGuard>>,
}

impl Subscriptions {
    /// Adds a resource.
    ///
    /// # Errors
    /// Returns an error if the resource does not exist or cannot change, or the client has too many
    /// subscriptions.
    pub(super) fn add(
        &self,
        mcp: &Arc<McpServer>,
        uri: String,
        peer: Peer<RoleServer>,
    ) -> Result<(), ErrorData> {
        if !is_watched(mcp, &uri) {
            return Err(mcp.unknown_resource(&uri));
        }
        let mut uris = self.uris.lock().unwrap_or_else(PoisonError::into_inner);
        if uris.len() >= MAX_RESOURCES && !uris.contains(&uri) {
            return Err(ErrorData::invalid_request(
                "too many subscriptions: unsubscribe from a resource first",
                None,
            ));
        }
        uris.insert(uri);
        drop(uris);
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.is_none() {
            let end = CancellationToken::new();
            let announcing =
                announce(Arc::clone(mcp), Arc::clone(&self.uris), mcp.service.subscribe(), peer);
            tokio::spawn(end.clone().run_until_cancelled_owned(announcing));
            *task = Some(end.drop_guard());
        }
        Ok(())
    }

    /// Removes a resource.
    pub(super) fn remove(&self, uri: &str) {
        self.uris.lock().unwrap_or_else(PoisonError::into_inner).remove(uri);
    }
}

async fn announce(
    mcp: Arc<McpServer>,
    uris: Addresses,
    mut receiver: ChangeReceiver,
    peer: Peer<RoleServer>,
) {
    while let Some(changes) = receiver.next().await {
        let changed = {
            let uris = uris.lock().unwrap_or_else(PoisonError::into_inner);
            changed(&mcp, &uris, &changes)
        };
        for uri in changed {
            let updated = ResourceUpdatedNotificationParam::new(uri);
            if peer.notify_resource_updated(updated).await.is_err() {
                return;
            }
        }
    }
}
