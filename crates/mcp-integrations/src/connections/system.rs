//! A running system: a session with an MCP server, or an HTTP API.

use std::sync::Arc;

use mcp_core::Progress;
use mcp_core::action::RemoteText;
use mcp_core::action::params::ParamsText;
use mcp_core::dispatch::Redactor;

use super::definition::Definition;
use super::mcp::child::Program;
use super::mcp::session::{CallError, Session};
use super::settings::{ConnectionSettings, System};
use super::shared::Shared;

#[derive(Clone)]
pub(crate) enum Live {
    Mcp { session: Arc<Session>, is_process: bool },
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
        System::OpenApi { .. } => return Err("OpenAPI documents cannot be read yet".to_owned()),
    };
    let definitions = live.definitions().await?;
    Ok((live, definitions))
}

impl Live {
    pub(crate) async fn definitions(&self) -> Result<Vec<Definition>, String> {
        match self {
            Self::Mcp { session, .. } => session.tools().await,
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
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        match self {
            Self::Mcp { session, .. } => session.has_ended(),
        }
    }

    pub(crate) async fn ended(&self) {
        match self {
            Self::Mcp { session, .. } => session.ended().await,
        }
    }

    pub(crate) async fn tools_changed(&self) {
        match self {
            Self::Mcp { session, .. } => session.tools_changed().await,
        }
    }

    pub(crate) fn stop(&self) {
        match self {
            Self::Mcp { session, .. } => session.stop(),
        }
    }

    /// Returns the last lines of a child's standard error.
    pub(crate) fn last_lines(&self) -> String {
        match self {
            Self::Mcp { session, .. } => session.last_lines(),
        }
    }

    /// Returns whether the system is a child process, which ends when it is idle.
    pub(crate) fn is_process(&self) -> bool {
        matches!(self, Self::Mcp { is_process: true, .. })
    }
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
