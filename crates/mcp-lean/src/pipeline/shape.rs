//! A whole result as the view of its action shows it: rows, or one value.

use std::borrow::Cow;

use serde_json::Value;

use super::open;
use crate::blobs::Blobs;
use crate::cursor::Place;
use crate::fields::{self, Fields};
use crate::query::LeanQuery;
use crate::result::{Data, ValueKind};
use crate::{shapes, tree};
use mcp_core::action::{Action, Shape};
use mcp_core::error::ActionError;

/// Returns the rows in a result, or the result itself.
pub(super) fn rows_in(
    result: Value,
    action: &Action,
    query: &LeanQuery,
    is_continued: bool,
) -> Result<Vec<Value>, Value> {
    let is_plain = query.reductions.is_none();
    let at = match (action.doc.view.shape, &query.fields) {
        (Shape::Open, fields) => return open::rows_in(result, fields, is_continued),
        (Shape::Rows { at, .. }, _) => at,
        (Shape::Tree { at, .. }, Fields::Named(_)) if !at.is_empty() => {
            return Ok(tree::tops(&result, at));
        }
        (Shape::Tree { tree, .. }, Fields::Summary) if !is_plain => {
            return Ok(tree::rows(&result, tree));
        }
        _ => "",
    };
    if at.is_empty() {
        return match result {
            Value::Array(rows) => Ok(rows),
            other => Err(other),
        };
    }
    let Some(Value::Array(rows)) = fields::find(&result, at).map(Cow::into_owned) else {
        return Err(result);
    };
    if query.fields.are_around(&result, &rows) { Err(result) } else { Ok(rows) }
}

/// Returns one value as its action's view shows it.
pub(super) fn one(
    value: Value,
    action: &Action,
    query: &LeanQuery,
    place: Option<Place>,
    blobs: &Blobs,
) -> Result<Data, ActionError> {
    let is_summary = query.fields == Fields::Summary;
    Ok(match action.doc.view.shape {
        Shape::Picture { base64, media_type } => {
            let value = shapes::keep_data(value, base64, media_type, is_summary, blobs)?;
            Data::One(value, if is_summary { ValueKind::Whole } else { ValueKind::Selected })
        }
        Shape::Contents => Data::One(shapes::keep_contents(value, blobs)?, ValueKind::Selected),
        Shape::Open => match value {
            Value::String(text) => open::text_after(&text, place, query.budget)?,
            value if open::is_contents(&value) => {
                Data::One(shapes::keep_contents(value, blobs)?, ValueKind::Contents)
            }
            value => Data::One(value, ValueKind::Selected),
        },
        Shape::Tree { tree, .. } if is_summary => Data::One(value, ValueKind::Tree(tree, place)),
        Shape::Text { at, offset } if is_summary => match shapes::text(&value, at, offset) {
            Some((text, offset, more)) => Data::One(text.into(), ValueKind::Text { offset, more }),
            None => Data::One(value, ValueKind::Selected),
        },
        _ => Data::One(value, ValueKind::Selected),
    })
}
