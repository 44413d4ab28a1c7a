//! A list that came whole, read on behind a row.

use serde_json::Value;

use super::Row;
use crate::cursor::{Key, Place};
use crate::locate::{Found, locate, order};

/// The fields that tell rows apart, the first that all rows have.
const KEYS: [&str; 5] = ["id", "number", "node_id", "key", "name"];

/// A list that came whole.
pub(crate) struct Whole {
    rows: Option<Vec<Row>>,
    /// Why something is missing from it.
    pub(crate) incomplete: Option<String>,
}

impl Whole {
    /// The rows behind a place, or all.
    pub(crate) fn new(rows: Vec<Value>, place: Option<Place>) -> Self {
        let key = KEYS.into_iter().find(|key| rows.iter().all(|row| row.get(*key).is_some()));
        let keys: Vec<Key> = rows
            .iter()
            .map(|row| match key {
                Some(key) => Key::of(row.get(key)),
                None if row.is_object() || row.is_array() => Key::None,
                None => Key::of(Some(row)),
            })
            .collect();
        let from = place.map_or(0, |place| match locate(&keys, place) {
            Found::From(index) => index,
            Found::Earlier => 0,
            Found::Later => keys.len(),
            // What was there before it may be gone too; nothing is left out.
            Found::Lost if place.key == Key::None => place.index as usize + 1,
            Found::Lost => place.index as usize,
        });
        let order = order(&keys);
        let placed =
            rows.into_iter().zip(keys).enumerate().skip(from).map(|(index, (row, key))| {
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                (row, Place { key, page: 0, index, order })
            });
        Self { rows: Some(placed.collect()), incomplete: None }
    }

    /// The rows, once.
    pub(crate) fn take(&mut self) -> Option<Vec<Row>> {
        self.rows.take()
    }
}
