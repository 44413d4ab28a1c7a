//! What was too large for an answer of the lean face.

mod read;

pub use read::ReadBlob;
