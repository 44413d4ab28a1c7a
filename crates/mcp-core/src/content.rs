//! Answers that are more than data: pictures, sound and files, as the blocks of the Model Context
//! Protocol (its specification of 2025-11-25, "Tools", "Tool Result").

use schemars::JsonSchema;
use serde::Serialize;

/// An answer that is made of blocks. An action whose view says
/// [`Shape::Contents`](crate::action::Shape::Contents) has it as its output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Contents {
    /// The blocks, in the order in which they are read.
    pub content: Vec<Block>,
}

/// A part of an answer.
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

/// A text file inside an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TextFile {
    /// Its address.
    pub uri: String,
    /// Its media type.
    pub mime_type: String,
    /// What it holds.
    pub text: String,
}
