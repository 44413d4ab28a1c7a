//! A part of a list.

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// At most this many; `None` for all.
    pub limit: Option<u64>,
    /// After leaving out this many.
    pub offset: u64,
}

impl Page {
    /// The whole list.
    pub const ALL: Self = Self { limit: None, offset: 0 };

    /// The wanted part of an iterator.
    pub fn of<T>(self, items: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        let clamp = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        items.skip(clamp(self.offset)).take(self.limit.map_or(usize::MAX, clamp))
    }
}
