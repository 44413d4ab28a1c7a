//! Pages of lists, by offset or by position.

use serde::Serialize;
use serde_json::Value;

use crate::error::ActionError;

/// The position of an item in a list. It stays valid while other items are added or removed, so a
/// list can be continued after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub i64);

/// The requested part of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The maximum number of items; `None` for all.
    pub limit: Option<u64>,
    /// The number of items to skip.
    pub offset: u64,
    /// Only items after this position.
    pub after: Option<Position>,
    /// Ends after the item whose texts reach this many bytes; `None` for no such limit.
    pub bytes: Option<usize>,
}

impl Page {
    /// The whole list.
    pub const ALL: Self = Self { limit: None, offset: 0, after: None, bytes: None };

    /// Requests a part by limit and offset.
    #[must_use]
    pub const fn new(limit: Option<u64>, offset: u64) -> Self {
        Self { limit, offset, ..Self::ALL }
    }

    /// Takes the requested part of rows that come in order, from after `after`, each with the bytes of
    /// its texts. Reads no more rows than needed.
    ///
    /// # Errors
    /// Returns the first error of a row, even of a skipped one.
    pub fn take<T, E>(
        self,
        rows: impl Iterator<Item = Result<(Position, T, usize), E>>,
    ) -> Result<Part<T>, E> {
        let clamp = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let limit = self.limit.map_or(usize::MAX, clamp);
        let mut part = Part { rows: Vec::with_capacity(limit.min(32)), next: None };
        if limit == 0 {
            return Ok(part);
        }
        let (mut skipped, mut bytes) = (0, 0);
        for row in rows {
            let (position, item, size) = row?;
            if skipped < self.offset {
                skipped += 1;
                continue;
            }
            part.rows.push((position, item));
            bytes += size;
            if part.rows.len() == limit || self.bytes.is_some_and(|limit| bytes >= limit) {
                part.next = Some(position);
                break;
            }
        }
        Ok(part)
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<T> {
    /// The items with their positions.
    pub rows: Vec<(Position, T)>,
    /// The position after which the list may continue; `None` at its end. An empty part can have one if
    /// no row that it read matched.
    pub next: Option<Position>,
}

impl<T: Serialize> Part<T> {
    /// Returns the same part with its items as JSON values.
    ///
    /// # Errors
    /// Returns `Internal` if an item has no JSON form.
    pub fn to_values(&self) -> Result<Part<Value>, ActionError> {
        let value = |(position, item): &(Position, T)| {
            serde_json::to_value(item)
                .map(|value| (*position, value))
                .map_err(ActionError::internal)
        };
        let rows = self.rows.iter().map(value).collect::<Result<_, _>>()?;
        Ok(Part { rows, next: self.next })
    }
}

impl<T> Part<T> {
    /// Returns the items.
    #[must_use]
    pub fn items(self) -> Vec<T> {
        self.rows.into_iter().map(|(_, item)| item).collect()
    }
}
