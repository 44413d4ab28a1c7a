//! Who is told when memory changes: the streams of `subscriptions/listen`, and the subscriptions of
//! the older revisions.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mcp_core::changes::{Change, Watcher};
use rmcp::model::{ErrorCode, ErrorData, ResourceUpdatedNotificationParam, SubscriptionFilter};
use rmcp::service::{Peer, RoleServer, SubscriptionContext};
use tokio::sync::broadcast::{Receiver, Sender, channel, error::RecvError, error::TryRecvError};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Face;

/// How many changes are kept for a client that is slow to take them; after that it is told that
/// everything has changed.
const KEPT: usize = 256;
/// How long changes are gathered before they are told.
const GATHERED: Duration = Duration::from_millis(20);
/// How many resources one subscription may name.
const MOST: usize = 256;

/// Hears of every change and passes it on.
pub(crate) struct Feed(Sender<Change>);

impl Feed {
    pub(crate) fn new() -> Self {
        Self(channel(KEPT).0)
    }

    /// What changes from now on.
    pub(super) fn updates(&self) -> Updates {
        Updates(self.0.subscribe())
    }
}

impl Watcher for Feed {
    fn changed(&self, change: Change) {
        // An error says that nobody listens.
        let _ = self.0.send(change);
    }
}

/// What has changed since it was last asked for.
pub(super) struct Updates(Receiver<Change>);

impl Updates {
    /// Waits for a change, and gathers what comes with it. `None` when there will be no more.
    async fn next(&mut self) -> Option<BTreeSet<Change>> {
        let mut changes = BTreeSet::new();
        match self.0.recv().await {
            Ok(change) => changes.insert(change),
            Err(RecvError::Lagged(_)) => changes.insert(Change::All),
            Err(RecvError::Closed) => return None,
        };
        tokio::time::sleep(GATHERED).await;
        loop {
            match self.0.try_recv() {
                Ok(change) => changes.insert(change),
                Err(TryRecvError::Lagged(_)) => changes.insert(Change::All),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return Some(changes),
            };
        }
    }
}

/// What of a wanted subscription is given.
pub(super) fn accepted(face: &Face, wanted: &SubscriptionFilter) -> SubscriptionFilter {
    let mut accepted = SubscriptionFilter::new();
    accepted.resource_subscriptions = wanted.resource_subscriptions.as_ref().map(|uris| {
        let mut known = BTreeSet::new();
        let watched = uris.iter().filter(|uri| known.insert(*uri) && is_watched(face, uri));
        watched.take(MOST).cloned().collect()
    });
    accepted
}

fn is_watched(face: &Face, uri: &str) -> bool {
    face.resources.iter().any(|source| source.is_watched(uri))
}

fn concerns(face: &Face, uri: &str, changes: &BTreeSet<Change>) -> bool {
    let mut sources = face.resources.iter();
    sources.any(|source| changes.iter().any(|change| source.concerns(uri, *change)))
}

/// Tells a client of the changes that its subscription names, until it goes or the server ends.
///
/// # Errors
/// When too many clients do so already.
pub(super) async fn listen(
    face: &Face,
    subscription: &SubscriptionContext,
    mut updates: Updates,
) -> Result<(), ErrorData> {
    let Ok(_place) = face.listeners.try_acquire() else {
        return Err(ErrorData::new(ErrorCode(-32006), "Too many clients listen; try again", None));
    };
    // rmcp accepts a name as often as it is wanted; it is told of once.
    let accepted = subscription.accepted().resource_subscriptions.clone();
    let uris: BTreeSet<String> = accepted.into_iter().flatten().collect();
    loop {
        let changes = tokio::select! {
            () = subscription.cancelled() => return Ok(()),
            () = face.stop.cancelled() => return Ok(()),
            changes = updates.next() => changes,
        };
        let Some(changes) = changes else { return Ok(()) };
        for uri in uris.iter().filter(|uri| concerns(face, uri, &changes)) {
            if subscription.sink().notify_resource_updated(uri.clone()).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// What a client of an older revision subscribed to.
#[derive(Default)]
pub(super) struct Subscriptions {
    uris: Arc<Mutex<BTreeSet<String>>>,
    /// Ends the telling with the client.
    telling: Mutex<Option<DropGuard>>,
}

impl Subscriptions {
    /// From now on it is told when this changes.
    pub(super) fn add(
        &self,
        face: &Arc<Face>,
        uri: String,
        peer: Peer<RoleServer>,
    ) -> Result<(), ErrorData> {
        if !is_watched(face, &uri) {
            let message = format!("No such resource: {}", face.shown(&uri));
            return Err(ErrorData::resource_not_found(message, None));
        }
        let mut uris = self.uris.lock().unwrap_or_else(PoisonError::into_inner);
        if uris.len() >= MOST && !uris.contains(&uri) {
            return Err(ErrorData::invalid_request("Too many subscriptions", None));
        }
        uris.insert(uri);
        drop(uris);
        let mut telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        if telling.is_none() {
            let end = CancellationToken::new();
            let updates = face.service.feed().updates();
            tokio::spawn(tell(
                Arc::clone(face),
                Arc::clone(&self.uris),
                updates,
                peer,
                end.clone(),
            ));
            *telling = Some(end.drop_guard());
        }
        Ok(())
    }

    /// It is no longer told of this.
    pub(super) fn remove(&self, uri: &str) {
        self.uris.lock().unwrap_or_else(PoisonError::into_inner).remove(uri);
    }
}

async fn tell(
    face: Arc<Face>,
    uris: Arc<Mutex<BTreeSet<String>>>,
    mut updates: Updates,
    peer: Peer<RoleServer>,
    end: CancellationToken,
) {
    loop {
        let changes = tokio::select! {
            () = end.cancelled() => return,
            changes = updates.next() => changes,
        };
        let Some(changes) = changes else { return };
        let wanted: Vec<String> = {
            let uris = uris.lock().unwrap_or_else(PoisonError::into_inner);
            uris.iter().filter(|uri| concerns(&face, uri, &changes)).cloned().collect()
        };
        for uri in wanted {
            let told = peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(uri));
            if told.await.is_err() {
                return;
            }
        }
    }
}
