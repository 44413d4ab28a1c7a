//! Data that is made from other data: the search index, the counts of rows, the spellings of names.
//! Each can be damaged or wrong without a loss; here that is found, and each is made anew.
//!
//! Each has a mark of its own (`tasks_indexed`, `tasks_counted`): up to this task it is complete, and
//! whoever reads looks at the tasks above. To make it anew is to set the mark to 0. The writer then does
//! the work in small steps between its commits, so a kill or a restart goes on where it was.

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
