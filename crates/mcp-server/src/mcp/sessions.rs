//! Keeps sessions between the requests of a client of an older revision, if `MCP_SESSIONS` is on:
//! rmcp's sessions in memory, bounded, each with its owner.

use std::collections::{HashMap, HashSet};
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use rmcp::model::{
    ClientJsonRpcMessage, ClientRequest, JsonRpcRequest, ProtocolVersion, ServerJsonRpcMessage,
};
use rmcp::transport::WorkerTransport;
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError, LocalSessionWorker,
};
use rmcp::transport::streamable_http_server::session::{
    ServerSseMessage, SessionId, SessionManager,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

pub(crate) const HEADER_SESSION_ID: &str = "mcp-session-id";

const MAX_SESSIONS: usize = 1024;
/// The time after which a session without messages ends.
const IDLE_TIMEOUT: Duration = Duration::from_hours(1);
/// The time after which a client reconnects when its stream has broken.
const RETRY: Duration = Duration::from_secs(3);

/// The digest of the API key that opened a session; `None` if no key is configured.
pub(crate) type Owner = Option<[u8; 32]>;

/// The sessions of this process.
pub(crate) struct Sessions {
    local: LocalSessionManager,
    owners: Mutex<HashMap<String, Owner>>,
    /// The sessions whose clients understand a priming event: an id without data.
    primed: Mutex<HashSet<String>>,
    listeners: Arc<Semaphore>,
    /// Ends the streams without requests, so that the server can end.
    stop: CancellationToken,
}

/// The reason why a session cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionsError {
    #[error(transparent)]
    Local(#[from] LocalSessionManagerError),
    #[error("too many sessions")]
    TooMany,
    #[error("too many clients listen")]
    TooManyListeners,
}

impl Sessions {
    pub(crate) fn new(listeners: Arc<Semaphore>, stop: CancellationToken) -> Self {
        let mut local = LocalSessionManager::default();
        local.session_config.keep_alive = Some(IDLE_TIMEOUT);
        let (owners, primed) = (Mutex::default(), Mutex::default());
        Self { local, owners, primed, listeners, stop }
    }

    pub(crate) async fn is_full(&self) -> bool {
        self.local.sessions.read().await.len() >= MAX_SESSIONS
    }

    pub(crate) fn set_owner(&self, id: &str, owner: Owner) {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.insert(id.to_owned(), owner);
    }

    pub(crate) fn belongs_to(&self, id: &str, caller: Owner) -> bool {
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
        if version(&message).is_some_and(|version| *version >= ProtocolVersion::V_2025_11_25) {
            self.primed().insert(id.to_string());
        }
        Ok(self.local.initialize_session(id, message).await?)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, SessionsError> {
        Ok(self.local.has_session(id).await?)
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), SessionsError> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner).remove(&**id);
        self.primed().remove(&**id);
        Ok(self.local.close_session(id).await?)
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionsError> {
        let is_primed = self.primed().contains(&**id);
        let stream = self.local.create_stream(id, message).await?;
        Ok(stream.filter(move |event| ready(is_primed || event.message.is_some())))
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
        let permit = self.permit()?;
        let first = self.primed().contains(&**id).then(|| ServerSseMessage::priming("0", RETRY));
        let stream = self.local.create_standalone_stream(id).await?;
        Ok(stream::iter(first).chain(self.until_stopped(stream, permit)))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionsError> {
        let permit = self.permit()?;
        Ok(self.until_stopped(self.local.resume(id, last_event_id).await?, permit))
    }
}

/// Returns the revision that `initialize` requests.
fn version(message: &ClientJsonRpcMessage) -> Option<&ProtocolVersion> {
    match message {
        ClientJsonRpcMessage::Request(JsonRpcRequest {
            request: ClientRequest::InitializeRequest(request),
            ..
        }) => Some(&request.params.protocol_version),
        _ => None,
    }
}

impl Sessions {
    fn primed(&self) -> MutexGuard<'_, HashSet<String>> {
        self.primed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn permit(&self) -> Result<OwnedSemaphorePermit, SessionsError> {
        let permit = Arc::clone(&self.listeners).try_acquire_owned();
        permit.map_err(|_| SessionsError::TooManyListeners)
    }

    /// Returns the stream, which ends when the server stops and holds the permit until then.
    fn until_stopped<S>(
        &self,
        stream: S,
        permit: OwnedSemaphorePermit,
    ) -> impl Stream<Item = ServerSseMessage> + Send + Sync + 'static
    where
        S: Stream<Item = ServerSseMessage> + Send + Sync + 'static,
    {
        stream.take_until(self.stop.clone().cancelled_owned()).inspect(move |_| {
            let _held = &permit;
        })
    }
}
