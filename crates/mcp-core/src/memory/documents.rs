//! The port to the documents that the server keeps for itself.

use super::{StoreError, StoreResult};

/// The maximum size of a document's kind in bytes.
pub const MAX_DOCUMENT_KIND: usize = 32;
/// The maximum size of a document's key in bytes.
pub const MAX_DOCUMENT_KEY: usize = 200;
/// The maximum size of a document's text in bytes.
pub const MAX_DOCUMENT_TEXT: usize = 16 << 20;

/// Documents that the server keeps for itself: texts by kind and key, such as caches and the
/// fingerprints of trusted definitions. Kinds and keys are compared byte for byte.
///
/// They are not part of the memory that clients see: no action, list, snapshot or log shows them, and
/// [`Memory::reset`](super::Memory::reset) leaves them as they are.
pub trait Documents {
    /// Returns the text of the document of this kind and key.
    fn find_document(&mut self, kind: &str, key: &str) -> StoreResult<Option<String>>;
    /// Stores a document, in place of the one of this kind and key.
    ///
    /// # Errors
    /// Returns `Failed` if the kind, the key or the text exceeds [`MAX_DOCUMENT_KIND`],
    /// [`MAX_DOCUMENT_KEY`] or [`MAX_DOCUMENT_TEXT`].
    fn put_document(&mut self, kind: &str, key: &str, text: &str) -> StoreResult<()>;
    /// Removes a document. Returns `false` if none has this kind and key.
    fn remove_document(&mut self, kind: &str, key: &str) -> StoreResult<bool>;
    /// Removes the documents of this kind whose keys are not in `keep`.
    fn keep_documents(&mut self, kind: &str, keep: &[&str]) -> StoreResult<()>;
}

/// Checks the sizes of a document that is about to be stored.
///
/// # Errors
/// Returns `Failed` if one of them exceeds its limit. The message has sizes only, not the texts.
pub fn check_document(kind: &str, key: &str, text: &str) -> StoreResult<()> {
    for (part, size, limit) in [
        ("kind", kind.len(), MAX_DOCUMENT_KIND),
        ("key", key.len(), MAX_DOCUMENT_KEY),
        ("text", text.len(), MAX_DOCUMENT_TEXT),
    ] {
        if size > limit {
            let message = format!("the {part} of a document has {size} bytes: use at most {limit}");
            return Err(StoreError::Failed(message));
        }
    }
    Ok(())
}
