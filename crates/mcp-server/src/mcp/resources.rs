//! What there is to read: `mcp://users`, `mcp://tasks`, `mcp://tasks/{id}`, `mcp://config`,
//! `mcp://logs` and `mcp://blobs/{id}`, and what an embedding program adds.

mod blobs;
mod memory;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use mcp_core::changes::Change;
use mcp_core::{ActionError, ErrorCode};
use rmcp::model::{
    ErrorData, ReadResourceResult, RequestId, Resource, ResourceContents, ResourceTemplate,
};

use super::Face;
use crate::service::Service;

/// What a source answers, later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, ActionError>> + Send + 'a>>;

/// A source of resources.
pub trait ResourceSource: Send + Sync {
    /// Those that are listed, always in the same order.
    fn list(&self) -> Vec<Resource>;

    /// The forms of further addresses (RFC 6570).
    fn templates(&self) -> Vec<ResourceTemplate> {
        Vec::new()
    }

    /// What stands at an address, in at most so many bytes; `None` where it is not this source's.
    fn read<'a>(&'a self, uri: &'a str, bytes: usize) -> Later<'a, Option<Vec<ResourceContents>>>;

    /// What a variable of one of its templates may be, given how it begins.
    fn complete<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str) -> Later<'a, Vec<String>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// What somebody does who wants a part of what is too large at this address.
    fn part_of(&self, _: &str) -> &'static str {
        "call a tool for a part of it"
    }

    /// Whether clients can be told of changes at this address.
    fn is_watched(&self, _: &str) -> bool {
        false
    }

    /// Whether a change of memory is one at this address.
    fn concerns(&self, _: &str, _: Change) -> bool {
        false
    }
}

/// The server's own: stored memory, and what handles name.
pub(super) fn own(service: &Arc<Service>) -> [Arc<dyn ResourceSource>; 2] {
    let memory = memory::MemoryResources::new(Arc::clone(service));
    [Arc::new(memory), Arc::new(blobs::BlobResources(Arc::clone(service)))]
}

/// What stands at an address.
///
/// # Errors
/// When nothing does, or too much.
pub(super) async fn read(
    face: &Face,
    uri: &str,
    id: &RequestId,
) -> Result<ReadResourceResult, ErrorData> {
    let limit = face.result_limit;
    for source in &face.resources {
        let read = source.read(uri, limit).await;
        match read.map(|contents| contents.map(ReadResourceResult::new)) {
            Ok(None) => {}
            Ok(Some(result)) if face.fits(&result, id) => return Ok(result),
            Err(error) if error.code != ErrorCode::PayloadTooLarge => {
                return Err(refused(face, error));
            }
            _ => {
                let (part, uri) = (source.part_of(uri), face.shown(uri));
                let message =
                    format!("{uri} has more than {limit} bytes as sent (MCP_RESULT_LIMIT): {part}");
                return Err(ErrorData::invalid_params(message, None));
            }
        }
    }
    let uri = face.shown(uri);
    let data = serde_json::json!({ "uri": uri });
    Err(ErrorData::resource_not_found(format!("No such resource: {uri}"), Some(data)))
}

/// An action's error as the protocol's; the cause goes to the log.
pub(super) fn refused(face: &Face, error: ActionError) -> ErrorData {
    let error = face.dispatcher().redactor().scrub_error(error);
    if let Some(cause) = &error.cause {
        let cause = face.dispatcher().redactor().scrub(&cause.to_string());
        log::error!("{}: {cause}", error.code.row().name);
    }
    ErrorData::new(rmcp::model::ErrorCode(error.code.row().rpc), error.message, None)
}
