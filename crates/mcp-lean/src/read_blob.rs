//! `read_blob`

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::blobs::Blobs;
use mcp_core::action::params::{Bounded, Text};
use mcp_core::action::{Column, Shape, View};
use mcp_core::actions::utilities::GROUP;
use mcp_core::{ActionError, Doc, Effect, Example, Memory, MemoryAction};

/// Reads a part of a kept value.
pub(crate) struct ReadBlob {
    blobs: Arc<Blobs>,
}

impl ReadBlob {
    /// The action over these blobs.
    #[must_use]
    pub(crate) fn new(blobs: Arc<Blobs>) -> Self {
        Self { blobs }
    }
}

/// The parameters of `read_blob`.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ReadBlobParams {
    /// The handle's `blob`.
    id: Text,
    /// The byte to start at.
    #[serde(default)]
    offset: Bounded<0, { u32::MAX }, 0>,
    /// The maximum number of bytes. A text ends between characters, so a few can be missing.
    #[serde(default)]
    length: Bounded<4, 1_048_576, 16_384>,
}

/// The result of `read_blob`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ReadBlobOutput {
    /// The media type.
    #[serde(rename = "type")]
    media_type: String,
    /// The size of the whole value in bytes.
    bytes: usize,
    /// The byte at which this part starts.
    offset: usize,
    /// This part, if it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// This part in base64 (RFC 4648, section 4), if it is not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    /// The byte at which the next part starts, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<usize>,
}

/// A text has cursors; any other value is shown by its type and size.
const VIEW: View = View::of(&[Column::of("type"), Column::of("bytes")])
    .shaped(Shape::Text { at: "text", offset: "offset" });

impl MemoryAction for ReadBlob {
    const NAME: &'static str = "read_blob";
    const EFFECT: Effect = Effect::Read;
    type Params = ReadBlobParams;
    type Output = ReadBlobOutput;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"id":"b_04170986233415720851","length":1000}"#,
            answer: r#"{"type":"text/plain","bytes":5120,"offset":0,"text":"Lorem ipsum dolor sit amet, …","next":1000}"#,
        };
        Doc::new(GROUP, "Read a kept value by its handle", example)
            .words(&[
                "handle handles bytes chunk part rest more remaining full whole continue next",
                "stored saved large long result image picture download truncated open behind",
            ])
            .view(VIEW)
    }

    fn run(
        &self,
        params: ReadBlobParams,
        _: &mut dyn Memory,
    ) -> Result<ReadBlobOutput, ActionError> {
        let blob = self.blobs.get(&params.id.0)?;
        let bytes = blob.bytes.len();
        let offset = params.offset.get() as usize;
        if offset > bytes {
            return Err(ActionError::invalid(format!("offset must be at most {bytes}")));
        }
        let end = bytes.min(offset.saturating_add(params.length.get() as usize));
        let mut output = ReadBlobOutput {
            media_type: blob.media_type.split(';').next().unwrap_or_default().to_owned(),
            bytes,
            offset,
            text: None,
            base64: None,
            next: (end < bytes).then_some(end),
        };
        if let Some(text) = blob.text() {
            let end = text.floor_char_boundary(end);
            let part = text
                .get(offset..end)
                .ok_or_else(|| ActionError::invalid("offset must be where a character starts"))?;
            output.text = Some(part.to_owned());
            output.next = (end < bytes).then_some(end);
        } else {
            output.base64 = Some(STANDARD.encode(&blob.bytes[offset..end]));
        }
        Ok(output)
    }
}
