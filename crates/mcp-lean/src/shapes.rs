//! Results that are neither rows nor one thing to be shown as it is: pictures, and texts that are
//! read in parts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::blobs::Blobs;
use super::cursor::{Key, Place};
use super::query::LeanQuery;
use mcp_core::action::params::ParamsText;
use mcp_core::error::{ActionError, ErrorCode};

/// The result with its picture kept as a blob: the handle alone, or in the picture's place.
pub(super) fn kept(
    mut value: Value,
    base64: &str,
    media_type: &str,
    is_alone: bool,
    blobs: &Blobs,
) -> Result<Value, ActionError> {
    let no_picture = || ActionError::new(ErrorCode::Internal, "Internal Server Error");
    let text = value[base64].as_str().ok_or_else(|| no_picture().caused_by("no picture"))?;
    let bytes = STANDARD.decode(text).map_err(|error| no_picture().caused_by(error))?;
    let media_type = value[media_type].as_str().unwrap_or("application/octet-stream");
    let handle = blobs.keep(media_type, bytes)?;
    if is_alone {
        return Ok(handle);
    }
    value[base64] = handle;
    Ok(value)
}

/// [`Contents`](mcp_core::content::Contents) with their pictures and sounds kept as blobs.
pub(super) fn contents(mut value: Value, blobs: &Blobs) -> Result<Value, ActionError> {
    for block in value["content"].as_array_mut().into_iter().flatten() {
        if block.get("data").is_some() {
            *block = kept(block.take(), "data", "mimeType", false, blobs)?;
        }
    }
    Ok(value)
}

/// The text of a result, at which byte of the whole it begins, and whether more follows.
pub(super) fn text(value: &Value, at: &str, offset: &str) -> Option<(String, usize, bool)> {
    let text = value[at].as_str()?.to_owned();
    let begins = usize::try_from(value[offset].as_u64()?).ok()?;
    Some((text, begins, value.get("next").is_some_and(|next| !next.is_null())))
}

/// The query with its text read on from where a cursor says.
pub(super) fn go_on(query: &mut LeanQuery, offset: &str, place: Place) -> Result<(), ActionError> {
    let Key::Number(start) = place.key else {
        return Err(ActionError::invalid("cursor is none that this server gave"));
    };
    let mut params: Value = serde_json::from_str(query.params.get())
        .map_err(|error| ActionError::invalid(format!("params: {error}")))?;
    params[offset] = start.into();
    query.params = ParamsText::from_value(&params)?;
    Ok(())
}
