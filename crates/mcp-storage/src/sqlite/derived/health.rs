//! The state of derived data while a database is open.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the search index is usable, and the data that must be rebuilt. Shared by a store's
/// threads.
#[derive(Clone)]
pub(in crate::sqlite) struct Health(Arc<Flags>);

#[derive(Default)]
struct Flags {
    index_is_sound: AtomicBool,
    index_is_damaged: AtomicBool,
    counts_are_wrong: AtomicBool,
}

impl Health {
    /// Creates the state before the index is checked: searches read the tasks.
    pub(in crate::sqlite) fn unknown() -> Self {
        Self(Arc::default())
    }

    /// Creates the state of an index that needs no check.
    pub(in crate::sqlite) fn sound() -> Self {
        let health = Self::unknown();
        health.index_is_sound();
        health
    }

    /// Returns whether searches may use the index.
    pub(in crate::sqlite) fn has_sound_index(&self) -> bool {
        self.0.index_is_sound.load(Ordering::Acquire)
    }

    /// Makes searches use the index, unless damage was found meanwhile.
    pub(in crate::sqlite) fn index_is_sound(&self) {
        let is_damaged = self.0.index_is_damaged.load(Ordering::Acquire);
        self.0.index_is_sound.store(!is_damaged, Ordering::Release);
    }

    /// Makes searches read the tasks, and the writer rebuild the index.
    pub(in crate::sqlite) fn index_is_damaged(&self) {
        self.0.index_is_damaged.store(true, Ordering::Release);
        self.0.index_is_sound.store(false, Ordering::Release);
    }

    /// Makes the writer rebuild the counts.
    pub(in crate::sqlite) fn counts_are_wrong(&self) {
        self.0.counts_are_wrong.store(true, Ordering::Release);
    }

    /// Returns whether the index must be rebuilt, and resets that.
    pub(in crate::sqlite) fn take_damaged_index(&self) -> bool {
        self.0.index_is_damaged.swap(false, Ordering::AcqRel)
    }

    /// Returns whether the counts must be rebuilt, and resets that.
    pub(in crate::sqlite) fn take_wrong_counts(&self) -> bool {
        self.0.counts_are_wrong.swap(false, Ordering::AcqRel)
    }
}
