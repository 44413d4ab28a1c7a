//! Results with data that an answer does not show: pictures and sounds become handles, and a text is read
//! in parts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::blobs::Blobs;
use mcp_core::error::ActionError;

/// Keeps the data of a result as a blob. Returns its handle alone, or the result with the handle in its place.
pub(crate) fn keep_data(
    mut value: Value,
    base64: &str,
    media_type: &str,
    is_alone: bool,
    blobs: &Blobs,
) -> Result<Value, ActionError> {
    let text =
        value[base64].as_str().ok_or_else(|| ActionError::internal("the data is missing"))?;
    let bytes = STANDARD.decode(text).map_err(ActionError::internal)?;
    let media_type = value[media_type].as_str().unwrap_or("application/octet-stream");
    let handle = blobs.keep(media_type, bytes)?;
    if is_alone {
        return Ok(handle);
    }
    value[base64] = handle;
    Ok(value)
}

/// Keeps the pictures, sounds and binary files of [`Contents`](mcp_core::content::Contents) as blobs.
pub(crate) fn keep_contents(mut value: Value, blobs: &Blobs) -> Result<Value, ActionError> {
    for block in value["content"].as_array_mut().into_iter().flatten() {
        keep_member(block, "data", blobs)?;
        if let Some(file) = block.get_mut("resource") {
            keep_member(file, "blob", blobs)?;
        }
    }
    Ok(value)
}

/// Keeps the data in a member as a blob. A member that is not base64 stays as it is.
fn keep_member(part: &mut Value, base64: &str, blobs: &Blobs) -> Result<(), ActionError> {
    let text = part.get(base64).and_then(Value::as_str);
    if text.is_some_and(|text| STANDARD.decode(text).is_ok()) {
        *part = keep_data(part.take(), base64, "mimeType", false, blobs)?;
    }
    Ok(())
}

/// Returns the text of a result, the byte of the whole at which it starts, and whether more follows.
pub(crate) fn text(value: &Value, at: &str, offset: &str) -> Option<(String, usize, bool)> {
    let text = value[at].as_str()?.to_owned();
    let begins = usize::try_from(value[offset].as_u64()?).ok()?;
    Some((text, begins, value.get("next").is_some_and(|next| !next.is_null())))
}
