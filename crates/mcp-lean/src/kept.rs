//! Whole results of connected actions, kept while an answer has only a part of them: a cursor names the
//! blob, and the next page is read from it without a second call.

use mcp_core::action::{Action, Shape};
use mcp_core::error::{ActionError, ErrorCode};

use super::blobs::{BlobId, Blobs, JSON};
use super::cursor;
use super::result::after_write;

/// Returns whether the rest of an action's result is read from what is kept.
pub(crate) fn is_kept(action: &Action) -> bool {
    action.connected && matches!(action.doc.view.shape, Shape::Open)
}

/// The whole result of a call, and the id that it has in the store of blobs.
pub(crate) struct KeptResult {
    pub(crate) id: BlobId,
    /// JSON text.
    pub(crate) text: String,
    /// Whether it was read from the store.
    is_stored: bool,
}

impl KeptResult {
    /// Reserves an id for a result. It is stored by [`KeptResult::store`].
    pub(crate) fn new(text: String, blobs: &Blobs) -> Self {
        Self { id: blobs.reserve(), text, is_stored: false }
    }

    /// Reads the result that a cursor names.
    ///
    /// # Errors
    /// Returns `NotFound` if it is not kept any more.
    pub(crate) fn read(id: BlobId, action: &Action, blobs: &Blobs) -> Result<Self, ActionError> {
        let blob = blobs.get(&id.to_string()).map_err(|_| gone(action))?;
        let text = blob.text().filter(|_| blob.media_type == JSON).ok_or_else(cursor::invalid)?;
        Ok(Self { id, text: text.to_owned(), is_stored: true })
    }

    /// Stores the result, once.
    ///
    /// # Errors
    /// Returns `PayloadTooLarge` if it is larger than a blob may be.
    pub(crate) fn store(&self, is_write: bool, blobs: &Blobs) -> Result<(), ActionError> {
        if self.is_stored {
            return Ok(());
        }
        let (bytes, limit) = (self.text.len(), blobs.max_bytes());
        if bytes > limit {
            let mut message = format!(
                "the result does not fit into the answer, and its {bytes} bytes are too many to keep: at \
                 most {limit}"
            );
            if !is_write {
                message += "; narrow it with fields, filter, group_by, count, limit or params";
            }
            return Err(ActionError::new(ErrorCode::PayloadTooLarge, message));
        }
        blobs.keep_as(self.id, JSON, self.text.clone().into_bytes()).map(drop)
    }
}

/// Adds to the error of a write that the action was carried out, and where its result is kept.
pub(crate) fn after_call(
    done: Option<&str>,
    kept: Option<&KeptResult>,
    blobs: &Blobs,
    error: ActionError,
) -> ActionError {
    let Some(done) = done else { return error };
    match kept.filter(|kept| kept.store(true, blobs).is_ok()) {
        Some(KeptResult { id, .. }) => {
            after_write(Some(&format!("{done}; read_blob reads it by the id {id}")), error)
        }
        None => after_write(Some(done), error),
    }
}

fn gone(action: &Action) -> ActionError {
    let what_to_do = match action.done() {
        Some(_) => format!("{} was carried out, do not call it again for its result", action.name),
        None => "repeat the call without cursor".to_owned(),
    };
    ActionError::not_found(format!("the kept result of this cursor is gone: {what_to_do}"))
}
