//! Resources: the stored memory, large values behind handles, and those of an embedding program.

mod blobs;
mod memory;
mod target;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use mcp_core::changes::Change;
use mcp_core::{ActionError, ErrorCode};
use rmcp::model::{
    ErrorData, ReadResourceResult, RequestId, Resource, ResourceContents, ResourceTemplate,
};

use super::McpServer;
use crate::service::Service;

/// The future of a source's response.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, ActionError>> + Send + 'a>>;

/// A source of resources.
pub trait ResourceSource: Send + Sync {
    /// Lists the resources, always in the same order.
    fn list(&self) -> Vec<Resource>;

    /// Lists the templates of further resources (RFC 6570).
    fn templates(&self) -> Vec<ResourceTemplate> {
        Vec::new()
    }

    /// Reads a resource of up to `limit` bytes. Returns `None` if it is not this source's.
    fn read<'a>(&'a self, uri: &'a str, limit: usize) -> Later<'a, Option<Vec<ResourceContents>>>;

    /// Returns the values of a template's variable that begin with this text.
    fn complete<'a>(
        &'a self,
        _template: &'a str,
        _variable: &'a str,
        _begin: &'a str,
    ) -> Later<'a, Vec<String>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Returns the advice for clients if a resource is too large.
    fn advice(&self, _uri: &str) -> &'static str {
        "call a tool for a part of it"
    }

    /// Returns whether clients can subscribe to a resource.
    fn is_watched(&self, _uri: &str) -> bool {
        false
    }

    /// Returns whether a change of the memory changes a resource.
    fn concerns(&self, _uri: &str, _change: Change) -> bool {
        false
    }
}

/// Returns the server's own resources.
pub(super) fn of(service: &Arc<Service>) -> Vec<Arc<dyn ResourceSource>> {
    vec![
        Arc::new(memory::MemoryResources(Arc::clone(service))),
        Arc::new(blobs::BlobResources(Arc::clone(service))),
    ]
}

/// Reads a resource.
///
/// # Errors
/// Returns an error if the resource does not exist, or the response is over the limit.
pub(super) async fn read(
    mcp: &McpServer,
    uri: &str,
    id: &RequestId,
) -> Result<ReadResourceResult, ErrorData> {
    for source in &mcp.resources {
        match source.read(uri, mcp.result_limit).await {
            Ok(None) => {}
            Ok(Some(contents)) => {
                let result = ReadResourceResult::new(contents);
                if mcp.fits(&result, id) {
                    return Ok(result);
                }
                return Err(mcp.too_large(uri, source.advice(uri)));
            }
            Err(error) if error.code == ErrorCode::PayloadTooLarge => {
                return Err(mcp.too_large(uri, source.advice(uri)));
            }
            Err(error) => return Err(mcp.error(error)),
        }
    }
    Err(mcp.unknown_resource(uri))
}
