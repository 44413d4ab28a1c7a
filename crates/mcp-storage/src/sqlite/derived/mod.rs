//! Data that is computed from other data: the search index, the counts of rows, the spellings of
//! names. Damage to it loses nothing; this module finds and repairs it.
//!
//! The index and the counts each have a mark (`tasks_indexed`, `tasks_counted`), up to which they
//! are complete; queries read the tasks after it. A rebuild sets the mark to 0. The writer then
//! rebuilds in small steps between its commits, so that a rebuild continues after a kill or a
//! restart.

mod check;
mod health;
mod rebuild;
mod structure;
mod verify;
mod words;
mod worker;

use diesel::result::Error;
use mcp_core::memory::StoreError;

use super::error::classified;
pub(super) use check::{counts, index, spellings};
pub(super) use health::Health;
pub(super) use rebuild::{begin_counts, begin_index, new_database};
pub(super) use structure::segments;
pub(super) use verify::verify;
pub(super) use words::words;
pub(super) use worker::{Remaining, Worker};

/// Returns whether an error can be caused by the search index: damage, or a missing table of it.
pub(super) fn is_of_the_index(error: &Error) -> bool {
    let message = error.to_string();
    matches!(classified(&message), Some(StoreError::Damaged(_)))
        || ["fts5", "vtable constructor", "no such table"].iter().any(|it| message.contains(it))
}
