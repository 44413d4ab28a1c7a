//! A session with an MCP server: from its start to its end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use mcp_core::action::RemoteText;
use mcp_core::action::params::ParamsText;
use mcp_core::dispatch::Redactor;
use mcp_core::{ActionError, ErrorCode, Progress};
use reqwest::Url;
use rmcp::RoleClient;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CancelledNotification, CancelledNotificationParam,
    ClientRequest, PaginatedRequestParams, ProgressToken, ProtocolVersion, RequestId, ServerResult,
    Tool,
};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, Peer, PeerRequestOptions, RunningService,
    ServiceError, serve_client_with_lifecycle,
};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use secrecy::ExposeSecret;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::child::{BaseEnvironment, Process, Program};
use super::handler::Handler;
use super::lines::Lines;
use super::{results, stderr};
use crate::connections::definition::Definition;
use crate::connections::settings::Additions;

/// The pages of a list of tools that are read.
const PAGES: usize = 1000;
/// The tools of one server.
const TOOLS: usize = 20_000;
/// The bytes of a message from a server.
const MESSAGE_BYTES: usize = 64 << 20;
/// The time for reading what an ended child has written to its standard error.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// The posts to a server at a time; more wait in the transport.
const POSTS: usize = 256;

/// A session. It ends when it is dropped, or when the server ends it.
pub(crate) struct Session {
    name: String,
    peer: Peer<RoleClient>,
    handler: Handler,
    stop: CancellationToken,
    /// Whether the session has ended, its process included.
    ended: watch::Receiver<bool>,
    last_lines: stderr::LastLines,
}

/// A process and the reader of its standard error.
type ReadProcess = (Process, JoinHandle<()>);

/// Why a session could not begin, in one line without secrets.
pub(crate) type StartFailure = String;

impl Session {
    /// Starts a child process and begins a session with it.
    pub(crate) async fn with_child(
        name: &str,
        program: Program<'_>,
        base: &BaseEnvironment,
        redactor: &Arc<Redactor>,
    ) -> Result<Self, StartFailure> {
        let started = Process::start(&program, base);
        let (process, streams) =
            started.map_err(|error| format!("{:?} cannot be started: {error}", program.command))?;
        let last_lines = stderr::LastLines::default();
        let reader = {
            let (name, last_lines) = (name.to_owned(), last_lines.clone());
            let redactor = Arc::clone(redactor);
            tokio::spawn(async move {
                stderr::read(streams.stderr, &name, &redactor, last_lines).await;
            })
        };
        let (read, write) = tokio::io::split(streams.socket);
        let transport = AsyncRwTransport::new_client(Lines::new(read), write)
            .with_max_line_length(MESSAGE_BYTES);
        let handler = Handler { name: name.to_owned(), ..Handler::default() };
        let mode = ClientLifecycleMode::Initialize;
        match serve_client_with_lifecycle(handler.clone(), transport, mode).await {
            Ok(running) => {
                Ok(Self::of(name, running, handler, Some((process, reader)), last_lines))
            }
            Err(error) => {
                process.end().await;
                let _in_time = timeout(LAST_WORDS, reader).await;
                let said = last_lines.text();
                let reason = reason(&error);
                Err(redactor.scrub(&if said.is_empty() {
                    reason
                } else {
                    format!("{reason}: {said}")
                }))
            }
        }
    }

    /// Begins a session with a server at an address. Servers that know only newer revisions of the
    /// protocol, which has no `initialize`, are asked in their way.
    pub(crate) async fn with_address(
        name: &str,
        url: &Url,
        additions: &Additions,
        client: reqwest::Client,
        redactor: &Redactor,
    ) -> Result<Self, StartFailure> {
        let mut address = url.clone();
        for (key, value) in &additions.query {
            address.query_pairs_mut().append_pair(key, value.expose_secret());
        }
        let headers = headers(additions)?;
        let handler = Handler { name: name.to_owned(), ..Handler::default() };
        let newest = ClientLifecycleMode::Discover {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        };
        let mut failure = String::new();
        for mode in [ClientLifecycleMode::Initialize, newest] {
            let mut config =
                StreamableHttpClientTransportConfig::with_uri(String::from(address.clone()));
            config.custom_headers.clone_from(&headers);
            config.max_concurrent_requests = POSTS;
            config.max_json_response_size = MESSAGE_BYTES;
            config.max_sse_event_size = MESSAGE_BYTES;
            let transport = StreamableHttpClientTransport::with_client(client.clone(), config);
            match serve_client_with_lifecycle(handler.clone(), transport, mode).await {
                Ok(running) => {
                    let last_lines = stderr::LastLines::default();
                    return Ok(Self::of(name, running, handler, None, last_lines));
                }
                Err(error) => {
                    let is_answer = matches!(error, ClientInitializeError::JsonRpcError(_));
                    failure = reason(&error);
                    if !is_answer {
                        break;
                    }
                }
            }
        }
        Err(redactor.scrub(&failure))
    }

    fn of(
        name: &str,
        running: RunningService<RoleClient, Handler>,
        handler: Handler,
        process: Option<ReadProcess>,
        last_lines: stderr::LastLines,
    ) -> Self {
        let (stop, peer) = (CancellationToken::new(), running.peer().clone());
        let (has_ended, ended) = watch::channel(false);
        tokio::spawn(keep(running, process, stop.clone(), has_ended));
        Self { name: name.to_owned(), peer, handler, stop, ended, last_lines }
    }

    /// Returns whether calls cannot be sent any more.
    pub(crate) fn has_ended(&self) -> bool {
        *self.ended.borrow() || self.stop.is_cancelled() || self.peer.is_transport_closed()
    }

    /// Waits until the session has ended, its process included.
    pub(crate) async fn ended(&self) {
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    /// Ends the session; [`Session::ended`] waits for its end.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until the server says that its tools have changed.
    pub(crate) async fn tools_changed(&self) {
        self.handler.tools_changed.notified().await;
    }

    /// Returns the last lines of the child's standard error.
    pub(crate) fn last_lines(&self) -> String {
        self.last_lines.text()
    }

    /// Returns the definitions of all tools.
    pub(crate) async fn tools(&self) -> Result<Vec<Definition>, StartFailure> {
        let mut tools = Vec::new();
        let mut cursor = None;
        for _ in 0..PAGES {
            let params = cursor.map(|it| PaginatedRequestParams::default().with_cursor(Some(it)));
            let page = self.peer.list_tools(params).await;
            let page = page.map_err(|error| format!("its tools cannot be listed: {error}"))?;
            tools.extend(page.tools.into_iter().map(definition));
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(tools);
            }
            if tools.len() > TOOLS {
                break;
            }
        }
        Err(format!("its list of tools does not end after {} tools", tools.len()))
    }

    /// Calls a tool. Dropping the future cancels the call.
    pub(crate) async fn call(
        &self,
        tool: &str,
        params: &ParamsText,
        progress: &Progress,
    ) -> Result<RemoteText, CallError> {
        let arguments = serde_json::from_str(params.get()).map_err(ActionError::internal)?;
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(
            CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments),
        ));
        let sent = self.peer.send_cancellable_request(request, PeerRequestOptions::no_options());
        let handle = sent.await.map_err(CallError::from)?;
        let (token, id) = (handle.progress_token.clone(), handle.id.clone());
        let in_flight = InFlight::begin(self, token, id, progress);
        let result = handle.await_response().await;
        in_flight.end();
        match result.map_err(CallError::from)? {
            ServerResult::CallToolResult(result) => Ok(results::text(&self.name, result)?),
            ServerResult::InputRequiredResult(_) => Err(failed(format!(
                "{}: the tool asks for more input, which is not supported",
                self.name
            ))),
            _ => Err(failed(format!("{}: the answer is not the result of a tool", self.name))),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Runs a session until it is stopped or its server ends it, and then ends its process.
async fn keep(
    mut running: RunningService<RoleClient, Handler>,
    process: Option<ReadProcess>,
    stop: CancellationToken,
    ended: watch::Sender<bool>,
) {
    if let Some((mut process, reader)) = process {
        let has_stopped = tokio::select! {
            () = stop.cancelled() => true,
            () = process.wait() => false,
            () = closed(&running) => true,
        };
        stop.cancel();
        let _ = running.close().await;
        if has_stopped {
            process.end().await;
        }
        let _in_time = timeout(LAST_WORDS, reader).await;
    } else {
        tokio::select! {
            () = stop.cancelled() => {}
            () = closed(&running) => {}
        }
        stop.cancel();
        let _ = running.close().await;
    }
    ended.send_replace(true);
}

/// Waits until a service has ended by itself.
async fn closed(running: &RunningService<RoleClient, Handler>) {
    const INTERVAL: Duration = Duration::from_millis(200);
    while !running.is_closed() && !running.peer().is_transport_closed() {
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Why a call failed.
pub(crate) enum CallError {
    /// The tool or the server answered with an error.
    Answered(ActionError),
    /// The session ended before the answer came.
    SessionLost,
}

impl From<ActionError> for CallError {
    fn from(error: ActionError) -> Self {
        Self::Answered(error)
    }
}

impl From<ServiceError> for CallError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::McpError(error) => {
                let code = match error.code {
                    rmcp::model::ErrorCode::INVALID_PARAMS => ErrorCode::UpstreamRefused,
                    _ => ErrorCode::UpstreamFailed,
                };
                let message = crate::connections::text::plain(&error.message, 1000);
                Self::Answered(ActionError::new(code, message))
            }
            ServiceError::TransportClosed | ServiceError::TransportSend(_) => Self::SessionLost,
            error => failed(error.to_string()),
        }
    }
}

fn failed(message: impl Into<String>) -> CallError {
    CallError::Answered(ActionError::new(ErrorCode::UpstreamFailed, message))
}

/// A call that waits for its answer. Dropping it cancels the call.
struct InFlight<'a> {
    session: &'a Session,
    token: ProgressToken,
    id: Option<RequestId>,
}

impl<'a> InFlight<'a> {
    fn begin(
        session: &'a Session,
        token: ProgressToken,
        id: RequestId,
        progress: &Progress,
    ) -> Self {
        session.handler.running.lock().insert(token.clone(), progress.clone());
        Self { session, token, id: Some(id) }
    }

    fn end(mut self) {
        self.id = None;
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.session.handler.running.lock().remove(&self.token);
        let Some(id) = self.id.take() else { return };
        let reason = Some("the caller waits no more".to_owned());
        let params = CancelledNotificationParam::new(Some(id), reason);
        let peer = self.session.peer.clone();
        tokio::spawn(async move {
            let _ = peer.send_notification(CancelledNotification::new(params).into()).await;
        });
    }
}

fn headers(additions: &Additions) -> Result<HashMap<HeaderName, HeaderValue>, StartFailure> {
    let header = |(name, value): &(String, secrecy::SecretString)| {
        let wrong = || format!("header {name:?} cannot be sent");
        let key = HeaderName::try_from(name.as_str()).map_err(|_| wrong())?;
        let mut value = HeaderValue::try_from(value.expose_secret()).map_err(|_| wrong())?;
        value.set_sensitive(true);
        Ok((key, value))
    };
    additions.headers.iter().map(header).collect()
}

/// Returns why a session did not begin, without the texts of a response.
fn reason(error: &ClientInitializeError) -> String {
    let mut source: Option<&dyn std::error::Error> = match error {
        ClientInitializeError::ConnectionClosed(_) => {
            return "it ended before it answered".to_owned();
        }
        // Its own text names types.
        ClientInitializeError::TransportError { error, .. } => Some(&*error.error),
        error => Some(error),
    };
    let mut texts: Vec<String> = Vec::new();
    while let Some(cause) = source {
        let text = cause.to_string();
        if texts.last().is_none_or(|last| !last.contains(&text)) {
            texts.push(text);
        }
        source = cause.source();
    }
    crate::connections::text::plain(&texts.join(": "), 500)
}

fn definition(tool: Tool) -> Definition {
    let hints = tool.annotations.unwrap_or_default();
    Definition {
        name: tool.name.into_owned(),
        title: tool.title.or(hints.title),
        description: tool.description.unwrap_or_default().into_owned(),
        params: serde_json::Value::Object((*tool.input_schema).clone()),
        read_only: hints.read_only_hint == Some(true),
        additive: hints.destructive_hint == Some(false),
        idempotent: hints.idempotent_hint == Some(true),
    }
}
