//! A running system: a session with an MCP server, or an HTTP API.

use std::sync::Arc;

use mcp_core::Progress;
use mcp_core::action::RemoteText;
use mcp_core::action::params::ParamsText;
use mcp_core::dispatch::Redactor;

use super::definition::Definition;
use super::mcp::child::Program;
use super::mcp::session::{CallError, Session};
use super::openapi::{ApiSettings, OpenApi, load};
use super::settings::{ConnectionSettings, System};
use super::shared::Shared;
use crate::upstream::{Exchange, SharedClient};

#[derive(Clone)]
pub(crate) enum Live {
    Mcp { session: Arc<Session>, is_process: bool },
    OpenApi(Arc<OpenApi>),
}

/// Starts a system and reads its tools.
///
/// # Errors
/// Returns the reason, in one line.
pub(crate) async fn start(
    name: &str,
    settings: &ConnectionSettings,
    redactor: &Arc<Redactor>,
    shared: &Shared,
) -> Result<(Live, Vec<Definition>), String> {
    let live = match &settings.system {
        System::Stdio { command, args, env, cwd } => {
            let program = Program { command, args, env, folder: cwd };
            let session = Session::with_child(name, program, &shared.base, redactor).await?;
            Live::Mcp { session: Arc::new(session), is_process: true }
        }
        System::Http { url, additions } => {
            let client = shared.client.get().map_err(|error| error.message)?.clone();
            let session = Session::with_address(name, url, additions, client, redactor).await?;
            Live::Mcp { session: Arc::new(session), is_process: false }
        }
        System::OpenApi { document, base_url, additions } => {
            let text = load(document, base_url.as_ref(), additions, &shared.client).await?;
            let (name, settings) = (name.to_owned(), settings.clone());
            let (client, exchange) = (shared.client.clone(), Arc::clone(&shared.exchange));
            let read = move || read(&name, &settings, &text, client, exchange);
            let read = tokio::task::spawn_blocking(read).await;
            return read.map_err(|error| error.to_string())?;
        }
    };
    let definitions = live.definitions().await?;
    Ok((live, definitions))
}

impl Live {
    pub(crate) async fn definitions(&self) -> Result<Vec<Definition>, String> {
        match self {
            Self::Mcp { session, .. } => session.tools().await,
            Self::OpenApi(_) => Err("a document is read at the start only".to_owned()),
        }
    }

    pub(crate) async fn call(
        &self,
        tool: &str,
        params: &ParamsText,
        progress: &Progress,
    ) -> Result<RemoteText, CallError> {
        match self {
            Self::Mcp { session, .. } => session.call(tool, params, progress).await,
            Self::OpenApi(api) => Ok(api.call(tool, params, progress).await?),
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        match self {
            Self::Mcp { session, .. } => session.has_ended(),
            Self::OpenApi(_) => false,
        }
    }

    pub(crate) async fn ended(&self) {
        match self {
            Self::Mcp { session, .. } => session.ended().await,
            Self::OpenApi(_) => {}
        }
    }

    pub(crate) async fn tools_changed(&self) {
        match self {
            Self::Mcp { session, .. } => session.tools_changed().await,
            Self::OpenApi(_) => std::future::pending().await,
        }
    }

    pub(crate) fn stop(&self) {
        match self {
            Self::Mcp { session, .. } => session.stop(),
            Self::OpenApi(_) => {}
        }
    }

    /// Returns the last lines of a child's standard error.
    pub(crate) fn last_lines(&self) -> String {
        match self {
            Self::Mcp { session, .. } => session.last_lines(),
            Self::OpenApi(_) => String::new(),
        }
    }

    /// Returns whether the system can end or change its tools by itself.
    pub(crate) fn is_session(&self) -> bool {
        matches!(self, Self::Mcp { .. })
    }

    /// Returns whether the system is a child process, which ends when it is idle.
    pub(crate) fn is_process(&self) -> bool {
        matches!(self, Self::Mcp { is_process: true, .. })
    }
}

/// Reads an OpenAPI document.
fn read(
    name: &str,
    settings: &ConnectionSettings,
    text: &str,
    client: SharedClient,
    exchange: Arc<Exchange>,
) -> Result<(Live, Vec<Definition>), String> {
    let System::OpenApi { document, base_url, additions } = &settings.system else {
        return Err("the connection has no document".to_owned());
    };
    let api = ApiSettings {
        name,
        base_url: base_url.as_ref(),
        additions,
        timeout: settings.timeout,
        concurrency: settings.concurrency,
        client,
        exchange,
    };
    let mut api = OpenApi::read(text, document, api)?;
    let definitions = api.take_definitions();
    Ok((Live::OpenApi(Arc::new(api)), definitions))
}

impl System {
    /// Returns whether the list of tools is stored: not of a document, which is read faster than that.
    pub(crate) fn is_stored(&self) -> bool {
        !matches!(self, Self::OpenApi { .. })
    }

    /// Returns the name of the kind in lists.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Stdio { .. } => "stdio",
            Self::Http { .. } => "http",
            Self::OpenApi { .. } => "openapi",
        }
    }
}
