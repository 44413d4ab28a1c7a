//! Looks at derived data when a database is opened: damage that FTS5 does not notice would hide tasks
//! from searches. Until that is done, searches look at the tasks.

use diesel::prelude::*;

use super::{Health, check};
use crate::sqlite::transaction;

/// Looks at the search index and the counts in one snapshot, and says what it found.
pub(in crate::sqlite) fn verify(connection: &mut SqliteConnection, health: &Health) {
    if let Err(error) = transaction::begin_reading(connection) {
        log::warn!("the search index cannot be checked, searches look at every task: {error}");
        return;
    }
    let index = check::index(connection);
    match index.first() {
        None => health.index_is_sound(),
        Some(fault) => {
            log::warn!(
                "{fault}; the search index is made anew, and searches look at every task meanwhile"
            );
            health.index_is_damaged();
        }
    }
    if let Some(fault) = check::counts(connection).first() {
        log::warn!("{fault}; the counts are made anew");
        health.counts_are_wrong();
    }
    transaction::rollback(connection);
}
