//! What is kept between the requests of a client of an older revision, where `MCP_SESSIONS` is on:
//! rmcp's sessions in this process's memory, bounded, each with its owner.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::WorkerTransport;
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError, LocalSessionWorker,
};
use rmcp::transport::streamable_http_server::session::{
    ServerSseMessage, SessionId, SessionManager,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The header that names a session.
pub(super) const HEADER_SESSION_ID: &str = "mcp-session-id";

/// How many sessions there are at once.
const MOST: usize = 1024;
/// After how long a session ends in which nothing is said.
const IDLE: Duration = Duration::from_hours(1);

/// The digest of the key that opened a session; none where no key is asked for.
type Owner = Option<[u8; 32]>;

/// The sessions of this process.
pub(super) struct Sessions {
    local: LocalSessionManager,
    owners: Mutex<HashMap<String, Owner>>,
    listeners: Arc<Semaphore>,
    /// Ends the streams that only listen, so that the server can end.
    stop: CancellationToken,
}

/// Why a session does not do what it should.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionsError {
    #[error(transparent)]
    Local(#[from] LocalSessionManagerError),
    #[error("there are too many sessions")]
    TooMany,
    #[error("too many clients listen")]
    TooManyListeners,
}

impl Sessions {
    pub(super) fn new(listeners: Arc<Semaphore>, stop: CancellationToken) -> Self {
        let mut local = LocalSessionManager::default();
        local.session_config.keep_alive = Some(IDLE);
        Self { local, owners: Mutex::default(), listeners, stop }
    }

    /// Whether there is no room for another.
    pub(super) async fn is_full(&self) -> bool {
        self.local.sessions.read().await.len() >= MOST
    }

    /// Notes who opened a session.
    pub(super) fn give(&self, id: &str, owner: Owner) {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.insert(id.to_owned(), owner);
    }

    /// Whether it was this caller who opened it.
    pub(super) fn belongs_to(&self, id: &str, caller: Owner) -> bool {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.get(id).is_some_and(|owner| *owner == caller)
    }
}

impl SessionManager for Sessions {
    type Error = SessionsError;
    type Transport = WorkerTransport<LocalSessionWorker>;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), SessionsError> {
        if self.is_full().await {
            return Err(SessionsError::TooMany);
        }
        Ok(self.local.create_session().await?)
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, SessionsError> {
        Ok(self.local.initialize_session(id, message).await?)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, SessionsError> {
        Ok(self.local.has_session(id).await?)
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), SessionsError> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner).remove(&**id);
        Ok(self.local.close_session(id).await?)
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionsError> {
        Ok(self.local.create_stream(id, message).await?)
    }

    async fn accept_message(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<(), SessionsError> {
        Ok(self.local.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionsError> {
        let place = self.place()?;
        Ok(self.placed(self.local.create_standalone_stream(id).await?, place))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionsError> {
        let place = self.place()?;
        Ok(self.placed(self.local.resume(id, last_event_id).await?, place))
    }
}

impl Sessions {
    fn place(&self) -> Result<OwnedSemaphorePermit, SessionsError> {
        let place = Arc::clone(&self.listeners).try_acquire_owned();
        place.map_err(|_| SessionsError::TooManyListeners)
    }

    /// A stream that stays open until the server stops, with the place that it takes.
    fn placed<S>(
        &self,
        stream: S,
        place: OwnedSemaphorePermit,
    ) -> impl Stream<Item = ServerSseMessage> + Send + Sync + 'static
    where
        S: Stream<Item = ServerSseMessage> + Send + Sync + 'static,
    {
        stream.take_until(self.stop.clone().cancelled_owned()).inspect(move |_| {
            let _held = &place;
        })
    }
}
