//! The check of derived data when a database is opened: FTS5 does not notice some damage, which
//! would hide tasks from searches. Until it is done, searches read the tasks.

use diesel::prelude::*;

use super::{Health, check};
use crate::sqlite::transaction;

/// Checks the search index and the counts in one snapshot. Stores the result in `health`.
pub(in crate::sqlite) fn verify(connection: &mut SqliteConnection, health: &Health) {
    if let Err(error) = transaction::begin_reading(connection) {
        log::warn!("cannot check the search index, so searches read every task: {error}");
        return;
    }
    let index = check::index(connection);
    match index.first() {
        None => health.index_is_sound(),
        Some(fault) => {
            log::warn!("{fault}; rebuilding the search index, meanwhile searches read every task");
            health.index_is_damaged();
        }
    }
    if let Some(fault) = check::counts(connection).first() {
        log::warn!("{fault}; rebuilding the counts");
        health.counts_are_wrong();
    }
    transaction::rollback(connection);
}
