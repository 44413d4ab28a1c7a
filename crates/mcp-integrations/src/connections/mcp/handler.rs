//! The requests and notices of a connected server: changes of its tools, progress and log messages.
//! Requests for sampling, elicitation and roots are rejected in words.

#![expect(deprecated, reason = "connected servers still send what newer revisions drop")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mcp_core::Progress;
use mcp_core::progress::Importance;
use parking_lot::Mutex;
use rmcp::ClientHandler;
use rmcp::ErrorData;
use rmcp::model::{
    ClientCapabilities, ClientConfig, CreateMessageRequestParams, CreateMessageResult,
    ElicitRequestParams, ElicitResult, ErrorCode, Implementation, ListRootsResult, LoggingLevel,
    LoggingMessageNotificationParam, ProgressNotificationParam, ProgressToken,
};
use rmcp::service::{NotificationContext, RequestContext, RoleClient};
use tokio::sync::Notify;

use crate::connections::text::plain;

/// The characters of a server's message that are passed on.
const MESSAGE_LENGTH: usize = 500;

/// The time for the listener of a call to be registered.
const REGISTRATION: Duration = Duration::from_millis(20);

/// The client's side of a session.
#[derive(Clone, Default)]
pub(crate) struct Handler {
    pub(crate) name: String,
    /// Tells that the list of tools has changed.
    pub(crate) tools_changed: Arc<Notify>,
    /// The listeners of running calls.
    pub(crate) running: Arc<Mutex<HashMap<ProgressToken, Progress>>>,
}

impl ClientHandler for Handler {
    fn get_info(&self) -> ClientConfig {
        let client = Implementation::new("mcp-server", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), client)
    }

    async fn create_message(
        &self,
        _: CreateMessageRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        Err(unsupported("sampling"))
    }

    async fn list_roots(
        &self,
        _: RequestContext<RoleClient>,
    ) -> Result<ListRootsResult, ErrorData> {
        Err(unsupported("roots"))
    }

    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        Err(unsupported("elicitation"))
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.tools_changed.notify_one();
    }

    async fn on_progress(
        &self,
        step: ProgressNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        let find = || self.running.lock().get(&step.progress_token).cloned();
        let mut listener = find();
        if listener.is_none() {
            // rmcp tells the token after it has sent the call: the first report can be faster.
            tokio::time::sleep(REGISTRATION).await;
            listener = find();
        }
        if let Some(listener) = listener {
            let message = plain(step.message.as_deref().unwrap_or_default(), MESSAGE_LENGTH);
            listener.step(step.progress, step.total, &message);
        }
    }

    async fn on_logging_message(
        &self,
        message: LoggingMessageNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        let text = plain(&message.data.to_string(), MESSAGE_LENGTH);
        log::debug!("{}: {text}", self.name);
        // The protocol does not say which call a message belongs to.
        let running = self.running.lock();
        if let (1, Some(listener)) = (running.len(), running.values().next()) {
            listener.remark(importance(message.level), &text);
        }
    }
}

fn unsupported(feature: &str) -> ErrorData {
    let message = format!(
        "{feature} is not supported: this client calls tools for many agents, and asks nobody"
    );
    ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None)
}

fn importance(level: LoggingLevel) -> Importance {
    match level {
        LoggingLevel::Debug => Importance::Debug,
        LoggingLevel::Info | LoggingLevel::Notice => Importance::Info,
        LoggingLevel::Warning => Importance::Warning,
        _ => Importance::Error,
    }
}
