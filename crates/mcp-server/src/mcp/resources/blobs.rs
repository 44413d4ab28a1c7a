//! Large values behind the lean API's handles, as resources: `mcp://blobs/{id}`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mcp_core::{ActionError, ErrorCode};
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};

use super::{Later, ResourceSource};
use crate::service::Service;

const PREFIX: &str = "mcp://blobs/";
const TEMPLATE: &str = "mcp://blobs/{id}";

pub(super) struct BlobResources(pub(super) Arc<Service>);

impl BlobResources {
    fn contents(
        &self,
        uri: &str,
        id: &str,
        limit: usize,
    ) -> Result<Option<ResourceContents>, ActionError> {
        // The handle is unknown, or has expired.
        let Ok(blob) = self.0.lean().blobs().get(id) else { return Ok(None) };
        let too_large = || ActionError::new(ErrorCode::PayloadTooLarge, "the blob is too large");
        let contents = match blob.text() {
            Some(text) if text.len() <= limit => ResourceContents::text(text, uri),
            None if base64::encoded_len(blob.bytes.len(), true).is_some_and(|len| len <= limit) => {
                ResourceContents::blob(STANDARD.encode(&blob.bytes), uri)
            }
            _ => return Err(too_large()),
        };
        Ok(Some(contents.with_mime_type(blob.media_type.as_str())))
    }
}

impl ResourceSource for BlobResources {
    /// Lists nothing: handles are only for their clients.
    fn list(&self) -> Vec<Resource> {
        Vec::new()
    }

    fn templates(&self) -> Vec<ResourceTemplate> {
        let template =
            ResourceTemplate::new(TEMPLATE, "blob").with_title("A value behind a handle");
        vec![template.with_description("The `blob` in a response: a screenshot, a long text")]
    }

    fn advice(&self, _uri: &str) -> &'static str {
        "read a text in parts with read_blob, or use GET /api/v2/blobs/{id} with a range"
    }

    fn read<'a>(&'a self, uri: &'a str, limit: usize) -> Later<'a, Option<Vec<ResourceContents>>> {
        Box::pin(async move {
            let Some(id) = uri.strip_prefix(PREFIX) else { return Ok(None) };
            Ok(self.contents(uri, id, limit)?.map(|contents| vec![contents]))
        })
    }
}
