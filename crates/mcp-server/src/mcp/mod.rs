//! The Model Context Protocol: renders the registry as tools and the stored memory as resources and
//! prompts, in each of [`REVISIONS`].
//!
//! rmcp implements the protocol; `http::routes::mcp` and [`stdio`] are its transports.
//!
//! - [`handler`] implements rmcp's side, with [`instructions`] and [`params`].
//! - [`tools`], [`schemas`] and [`query_tool`] define the tools; [`ToolSet`] selects from them.
//! - [`call`], [`results`], [`limit`] and [`progress`] carry out a call.
//! - [`resources`] and [`prompts`] read the memory; [`subscriptions`] announces its changes.
//! - [`message`] reads the members of a message that rmcp does not keep.
//! - [`sessions`] keeps the state between requests.
//!
//! Invariant: every call of a tool goes through the dispatcher.

mod call;
mod handler;
pub(crate) mod instructions;
mod limit;
pub(crate) mod message;
mod params;
mod progress;
pub mod prompts;
mod query_tool;
pub mod resources;
mod results;
mod schemas;
pub(crate) mod sessions;
pub(crate) mod stdio;
mod subscriptions;
pub(crate) mod tool_set;
mod tools;

use std::sync::Arc;

use mcp_core::{ActionError, Dispatcher};
use rmcp::model::{ErrorCode, ErrorData, ProtocolVersion, RequestId};
use serde::Serialize;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::service::Service;
pub(crate) use handler::Handler;
use prompts::PromptSource;
use resources::ResourceSource;
pub use tool_set::ToolSet;
use tools::Tools;

/// The revisions that are implemented in full. rmcp knows older ones, but 2025-03-26 requires batches
/// of messages ("Base Protocol", "Batching") and 2024-11-05 HTTP with SSE ("Transports").
pub(crate) const REVISIONS: &[ProtocolVersion] =
    &[ProtocolVersion::V_2025_06_18, ProtocolVersion::V_2025_11_25, ProtocolVersion::V_2026_07_28];

/// The number of characters of a client's text that an error message repeats.
const QUOTED: usize = 200;

/// The tools, resources and prompts of the server, shared by all connections.
pub struct McpServer {
    service: Arc<Service>,
    tools: Tools,
    /// The tools for clients that do not choose a set.
    default_tools: ToolSet,
    resources: Vec<Arc<dyn ResourceSource>>,
    prompts: Vec<Arc<dyn PromptSource>>,
    /// The largest response, in bytes on the wire.
    result_limit: usize,
    /// A permit for each client that may listen for changes.
    pub(crate) listeners: Arc<Semaphore>,
    /// Ends every stream, so that the server can end.
    pub(crate) stop: CancellationToken,
}

impl McpServer {
    /// Creates the server with its own resources and prompts.
    #[must_use]
    pub fn new(service: Arc<Service>, settings: &Settings) -> Self {
        Self {
            tools: Tools::default(),
            default_tools: settings.tools.clone(),
            resources: resources::of(&service),
            prompts: prompts::of(&service),
            result_limit: settings.result_limit,
            // The other half of the requests is for short calls.
            listeners: Arc::new(Semaphore::new((settings.max_requests / 2).max(1))),
            stop: CancellationToken::new(),
            service,
        }
    }

    /// Adds resources.
    #[must_use]
    pub fn with_resources(mut self, source: impl ResourceSource + 'static) -> Self {
        self.resources.push(Arc::new(source));
        self
    }

    /// Adds a prompt.
    #[must_use]
    pub fn with_prompt(mut self, source: impl PromptSource + 'static) -> Self {
        self.prompts.push(Arc::new(source));
        self
    }

    pub(crate) fn service(&self) -> &Arc<Service> {
        &self.service
    }

    fn dispatcher(&self) -> &Dispatcher {
        self.service.dispatcher()
    }

    /// Returns whether the response with this result is within the limit.
    fn fits(&self, result: &impl Serialize, id: &RequestId) -> bool {
        limit::fits(result, id, self.result_limit)
    }

    /// Returns an action's error as the protocol's, and logs its cause.
    fn error(&self, error: ActionError) -> ErrorData {
        let error = self.dispatcher().redactor().scrub_error(error);
        let row = error.code.row();
        if let Some(cause) = &error.cause {
            let cause = self.dispatcher().redactor().scrub(&cause.to_string());
            log::error!("{}: {cause}", row.name);
        }
        ErrorData::new(ErrorCode(row.rpc), error.message, None)
    }

    fn too_large(&self, name: &str, advice: &str) -> ErrorData {
        let (name, limit) = (self.quoted(name), self.result_limit);
        let message =
            format!("{name} has more than {limit} bytes as sent (MCP_RESULT_LIMIT): {advice}");
        ErrorData::invalid_params(message, None)
    }

    fn unknown_resource(&self, uri: &str) -> ErrorData {
        let uri = self.quoted(uri);
        let data = json!({ "uri": uri });
        ErrorData::resource_not_found(
            format!("unknown resource {uri:?}: see resources/list"),
            Some(data),
        )
    }

    /// Returns a client's text for an error message: short and without the configured secrets.
    fn quoted(&self, text: &str) -> String {
        let text = self.dispatcher().redactor().scrub(text);
        text.chars().take(QUOTED).collect()
    }
}
