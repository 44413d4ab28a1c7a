//! What the lean face's answers name by a handle, as resources: `mcp://blobs/{id}`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mcp_core::{ActionError, ErrorCode};
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};

use super::{Later, ResourceSource};
use crate::service::Service;

const BEGIN: &str = "mcp://blobs/";
const TEMPLATE: &str = "mcp://blobs/{id}";

pub(super) struct BlobResources(pub(super) Arc<Service>);

impl BlobResources {
    fn contents(
        &self,
        uri: &str,
        id: &str,
        bytes: usize,
    ) -> Result<Option<ResourceContents>, ActionError> {
        // There is none of that name, or not any more.
        let Ok(blob) = self.0.lean().blobs().get(id) else { return Ok(None) };
        let too_large = || ActionError::new(ErrorCode::PayloadTooLarge, "The blob is too large");
        let contents = match blob.text() {
            Some(text) if text.len() <= bytes => ResourceContents::text(text, uri),
            None if base64::encoded_len(blob.bytes.len(), true).is_some_and(|len| len <= bytes) => {
                ResourceContents::blob(STANDARD.encode(&blob.bytes), uri)
            }
            _ => return Err(too_large()),
        };
        Ok(Some(contents.with_mime_type(blob.media_type.as_str())))
    }
}

impl ResourceSource for BlobResources {
    /// They are for whoever has got a handle.
    fn list(&self) -> Vec<Resource> {
        Vec::new()
    }

    fn templates(&self) -> Vec<ResourceTemplate> {
        let template = ResourceTemplate::new(TEMPLATE, "blob").with_title("What a handle names");
        vec![template.with_description("By the `blob` of an answer: a screenshot, a long text")]
    }

    fn part_of(&self, _: &str) -> &'static str {
        "call read_blob, which reads a text in parts, or GET /api/v2/blobs/{id} with a range"
    }

    fn read<'a>(&'a self, uri: &'a str, bytes: usize) -> Later<'a, Option<Vec<ResourceContents>>> {
        Box::pin(async move {
            let Some(id) = uri.strip_prefix(BEGIN) else { return Ok(None) };
            Ok(self.contents(uri, id, bytes)?.map(|contents| vec![contents]))
        })
    }
}
