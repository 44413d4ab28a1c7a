//! The result of another system's tool, which may be any JSON: rows, content blocks, a text or one value.

use serde_json::Value;

use super::Row;
use crate::budget::Budget;
use crate::cursor::{self, Key, Place};
use crate::fields::Fields;
use crate::result::{Data, ValueKind};
use mcp_core::error::{ActionError, ErrorCode};

/// The types of content blocks (Model Context Protocol, specification 2025-11-25, "Tools").
const BLOCKS: [&str; 5] = [TEXT, "image", "audio", "resource", "resource_link"];
const TEXT: &str = "text";
/// The member of a result with content blocks.
const CONTENT: &str = "content";

/// Parses a result. Another system made it, so its depth is limited.
pub(super) fn json(text: &str) -> Result<Value, ActionError> {
    serde_json::from_str(text).map_err(|error| {
        let message = format!("the result cannot be read as JSON: {error}");
        ActionError::new(ErrorCode::UpstreamFailed, message)
    })
}

/// Returns the rows in a result, or the result itself. Content blocks are rows only after a cursor.
pub(super) fn rows_in(
    mut result: Value,
    named: &Fields,
    is_continued: bool,
) -> Result<Vec<Value>, Value> {
    if let Value::Array(rows) = result {
        return Ok(rows);
    }
    if (is_contents(&result) && !is_continued)
        || only_list(&result).is_none_or(|rows| named.are_around(&result, rows))
    {
        return Err(result);
    }
    match result.as_object_mut().and_then(|members| members.values_mut().next()).map(Value::take) {
        Some(Value::Array(rows)) => Ok(rows),
        _ => Err(result),
    }
}

/// Returns the rows after a place, each with its index as key: a kept list does not change.
pub(super) fn rows_after(rows: Vec<Value>, place: Option<Place>) -> Result<Vec<Row>, ActionError> {
    let from = match place {
        None => 0,
        Some(place) => index(place)?.saturating_add(1),
    };
    let key = |index: usize| Key::Number(i64::try_from(index).unwrap_or(i64::MAX));
    let placed = |(index, row)| (row, Place::at(key(index)));
    Ok(rows.into_iter().enumerate().skip(from).map(placed).collect())
}

/// Returns the text from a place on, as much as can fit.
pub(super) fn text_after(
    text: &str,
    place: Option<Place>,
    budget: Budget,
) -> Result<Data, ActionError> {
    let offset = place.map_or(Ok(0), index)?;
    let rest = text.get(offset..).ok_or_else(cursor::invalid)?;
    let part = &rest[..rest.floor_char_boundary(budget.bytes())];
    let more = part.len() < rest.len();
    Ok(Data::One(part.into(), ValueKind::Text { offset, more }))
}

/// Returns whether a result is content blocks with at least one that is not text.
pub(super) fn is_contents(result: &Value) -> bool {
    let Some(blocks) = only_list(result).filter(|_| result.get(CONTENT).is_some()) else {
        return false;
    };
    let kind = |block: &Value| BLOCKS.into_iter().find(|kind| block["type"] == *kind);
    blocks.iter().all(|block| kind(block).is_some())
        && blocks.iter().any(|block| kind(block) != Some(TEXT))
}

/// Returns the list that is the only member of an object.
fn only_list(result: &Value) -> Option<&Vec<Value>> {
    let members = result.as_object().filter(|members| members.len() == 1)?;
    members.values().next()?.as_array()
}

fn index(place: Place) -> Result<usize, ActionError> {
    match place.key {
        Key::Number(number) => usize::try_from(number).map_err(|_| cursor::invalid()),
        _ => Err(cursor::invalid()),
    }
}
