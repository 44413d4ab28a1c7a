//! Results with pictures, sound and files: content blocks of the Model Context Protocol
//! (specification 2025-11-25, "Tools", "Tool Result").

use schemars::JsonSchema;
use serde::Serialize;

/// A result of blocks: the output of an action with [`Shape::Contents`](crate::action::Shape::Contents).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Contents {
    /// The blocks, in reading order.
    pub content: Vec<Block>,
}

/// A content block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Block {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    #[serde(rename_all = "camelCase")]
    Image {
        /// The picture in base64 (RFC 4648, section 4).
        data: String,
        /// Its media type.
        mime_type: String,
    },
    /// Sound.
    #[serde(rename_all = "camelCase")]
    Audio {
        /// The sound in base64.
        data: String,
        /// Its media type.
        mime_type: String,
    },
    /// A text file.
    Resource {
        /// The file.
        resource: TextFile,
    },
}

/// A text file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TextFile {
    /// Its address.
    pub uri: String,
    /// Its media type.
    pub mime_type: String,
    /// Its contents.
    pub text: String,
}
