//! The rows of a list that came whole.

use serde_json::Value;

use super::Row;
use super::locate::{Found, locate, order};
use crate::cursor::{Key, Place};

/// The fields that identify rows: the first that all rows have.
const KEYS: [&str; 5] = ["id", "number", "node_id", "key", "name"];

/// Returns the rows after a place, or all.
pub(super) fn rows_after(rows: Vec<Value>, place: Option<Place>) -> Vec<Row> {
    let key = KEYS.into_iter().find(|key| rows.iter().all(|row| row.get(*key).is_some()));
    let key_of = |row: &Value| match key {
        Some(key) => Key::of(row.get(key)),
        None if row.is_object() || row.is_array() => Key::None,
        None => Key::of(Some(row)),
    };
    let keys: Vec<Key> = rows.iter().map(key_of).collect();
    let from = place.map_or(0, |place| match locate(&keys, place) {
        Found::From(index) => index,
        Found::Earlier => 0,
        Found::Later => keys.len(),
        // The rows before it may be gone too: none is left out.
        Found::Lost => place.index as usize + usize::from(place.key == Key::None),
    });
    let order = order(&keys);
    let placed = |(index, (row, key)): (usize, (Value, Key))| {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        (row, Place { key, page: 0, index, order })
    };
    rows.into_iter().zip(keys).enumerate().skip(from).map(placed).collect()
}
