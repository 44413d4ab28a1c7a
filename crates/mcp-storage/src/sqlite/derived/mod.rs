//! Data that is computed from other data: the search index, the counts of rows, the spellings of names.
//! Damage to it loses nothing; here it is found and repaired.
//!
//! Each has a mark of its own (`tasks_indexed`, `tasks_counted`): up to this task it is complete, and
//! reads look at the tasks above. A rebuild sets the mark to 0; the writer then does the work in small
//! steps between its commits, so a rebuild continues after a kill or a restart.

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
pub(super) use worker::{Work, Worker};

/// Returns whether an error can be the search index's fault: damage, or a table of it that is missing.
pub(super) fn is_of_the_index(error: &Error) -> bool {
    let message = error.to_string();
    matches!(classified(&message), Some(StoreError::Damaged(_)))
        || ["fts5", "vtable constructor", "no such table"].iter().any(|it| message.contains(it))
}
