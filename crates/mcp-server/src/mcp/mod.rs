//! The Model Context Protocol: another rendering of the registry, over HTTP at `/mcp` and over
//! stdio, in each of [`REVISIONS`].
//!
//! rmcp speaks the protocol and rmcp-actix-web carries it over actix-web; what is ours is what is
//! said:
//!
//! - [`tools`], [`schemas`] and [`lean`]: which tools there are ([`ToolSet`] says which a client is shown),
//! - [`arguments`], [`call`], [`answer`], [`limit`] and [`progress`]: what happens to a call of one,
//! - [`resources`] and [`prompts`]: what else there is to read,
//! - [`changes`]: who is told when it changes,
//! - [`handler`]: rmcp's side of all that, with [`instructions`], and [`unread`] for what rmcp cannot
//!   read,
//! - [`http`], with [`refusals`], and [`stdio`]: the two ways in; [`sessions`]: what is kept between requests.
//!
//! Invariant: every call of a tool goes through the dispatcher.

mod answer;
mod arguments;
mod call;
mod changes;
mod handler;
pub(crate) mod http;
mod id;
mod instructions;
mod lean;
mod limit;
mod progress;
pub mod prompts;
mod refusals;
pub mod resources;
mod schemas;
mod sessions;
pub(crate) mod stdio;
pub(crate) mod tool_set;
mod tools;
mod unread;

use std::sync::Arc;

use mcp_core::Dispatcher;
use rmcp::model::{ProtocolVersion, RequestId};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::service::Service;
pub(crate) use changes::Feed;
use prompts::PromptSource;
use resources::ResourceSource;
pub use tool_set::ToolSet;
use tools::Tools;

/// The revisions that are served in full. rmcp knows older ones, but 2025-03-26 requires batches of
/// messages ("Base Protocol", "Batching") and 2024-11-05 HTTP with SSE ("Transports").
const REVISIONS: &[ProtocolVersion] =
    &[ProtocolVersion::V_2025_06_18, ProtocolVersion::V_2025_11_25, ProtocolVersion::V_2026_07_28];

/// How many characters of a name or an address that nobody knows are said back.
const SHOWN: usize = 200;

/// What all connections share.
pub(crate) struct Face {
    service: Arc<Service>,
    tools: Tools,
    /// Those of clients that do not say which they want.
    default_tools: ToolSet,
    resources: Vec<Arc<dyn ResourceSource>>,
    prompts: Vec<Arc<dyn PromptSource>>,
    /// The largest response, in bytes as it is sent.
    result_limit: usize,
    /// How many more clients may wait for changes.
    listeners: Arc<Semaphore>,
    /// Ends every stream, so that the server can end.
    pub(crate) stop: CancellationToken,
}

impl Face {
    /// The face of a service.
    pub(crate) fn new(service: Arc<Service>, settings: &Settings) -> Self {
        let own = resources::own(&service);
        let of_memory = prompts::of_memory(&service);
        Self {
            tools: Tools::new(service.dispatcher().registry()),
            default_tools: settings.tools.clone(),
            resources: own.into_iter().chain(service.resources()).collect(),
            prompts: of_memory.into_iter().chain(service.prompts()).collect(),
            result_limit: settings.result_limit,
            // The other half is for those who ask and go.
            listeners: Arc::new(Semaphore::new((settings.max_requests / 2).max(1))),
            stop: CancellationToken::new(),
            service,
        }
    }

    fn dispatcher(&self) -> &Dispatcher {
        self.service.dispatcher()
    }

    /// Returns whether the response with this result is within the limit.
    fn fits(&self, result: &impl Serialize, id: &RequestId) -> bool {
        limit::fits(result, id, self.result_limit)
    }

    /// What a client sent, to be said back to it: short, and without configured secrets.
    fn shown(&self, text: &str) -> String {
        let text = self.dispatcher().redactor().scrub(text);
        text.chars().take(SHOWN).collect()
    }
}
