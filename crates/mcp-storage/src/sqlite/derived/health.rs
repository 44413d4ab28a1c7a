//! What is known about the search index while the database is open.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the search index can be asked, and what has to be rebuilt. Shared by the threads of a
/// store.
#[derive(Clone)]
pub(in crate::sqlite) struct Health(Arc<State>);

#[derive(Default)]
struct State {
    index_is_sound: AtomicBool,
    index_is_damaged: AtomicBool,
    counts_are_wrong: AtomicBool,
}

impl Health {
    /// An index that is not checked yet: searches read the tasks.
    pub(in crate::sqlite) fn unknown() -> Self {
        Self(Arc::default())
    }

    /// An index that needs no check.
    pub(in crate::sqlite) fn sound() -> Self {
        let health = Self::unknown();
        health.index_is_sound();
        health
    }

    /// Returns whether the index can be asked.
    pub(in crate::sqlite) fn has_sound_index(&self) -> bool {
        self.0.index_is_sound.load(Ordering::Acquire)
    }

    /// Makes searches use the index, unless damage was met meanwhile.
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

    /// Returns whether the index has to be rebuilt. True once.
    pub(in crate::sqlite) fn take_damaged_index(&self) -> bool {
        self.0.index_is_damaged.swap(false, Ordering::AcqRel)
    }

    /// Returns whether the counts have to be rebuilt. True once.
    pub(in crate::sqlite) fn take_wrong_counts(&self) -> bool {
        self.0.counts_are_wrong.swap(false, Ordering::AcqRel)
    }
}
