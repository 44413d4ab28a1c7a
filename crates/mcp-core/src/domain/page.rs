//! A part of a list, by number or by place.

use serde::Serialize;
use serde_json::Value;

use crate::error::ActionError;

/// Where an item of a list stands. What follows it does not change when other items are added or
/// removed, so a list can be read on behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub i64);

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// At most this many; `None` for all.
    pub limit: Option<u64>,
    /// After leaving out this many.
    pub offset: u64,
    /// Only what stands behind this.
    pub after: Option<Position>,
    /// Ends behind the item with which the texts come to this many bytes; `None` for no such end.
    pub bytes: Option<usize>,
}

impl Page {
    /// The whole list.
    pub const ALL: Self = Self { limit: None, offset: 0, after: None, bytes: None };

    /// A part of a list by numbers.
    #[must_use]
    pub const fn new(limit: Option<u64>, offset: u64) -> Self {
        Self { limit, offset, ..Self::ALL }
    }

    /// The wanted part of a list of rows, which come in their order from behind `after` on, each
    /// with the bytes of its texts. No more rows are asked for than that takes.
    ///
    /// # Errors
    /// The first that a row has.
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
        let (mut left_out, mut bytes) = (0, 0);
        for row in rows {
            // An error of a row that is left out counts as well.
            let (position, item, size) = row?;
            if left_out < self.offset {
                left_out += 1;
                continue;
            }
            part.rows.push((position, item));
            bytes += size;
            if part.rows.len() == limit || self.bytes.is_some_and(|most| bytes >= most) {
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
    /// The items and where they stand.
    pub rows: Vec<(Position, T)>,
    /// Behind what the list may go on; `None` at its end. A part without rows can have one, when
    /// what was looked through held nothing.
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
    /// The items alone.
    #[must_use]
    pub fn items(self) -> Vec<T> {
        self.rows.into_iter().map(|(_, item)| item).collect()
    }
}
