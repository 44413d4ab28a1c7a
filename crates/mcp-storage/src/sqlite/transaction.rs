//! Transactions in SQL. diesel's own bookkeeping gives a connection up when SQLite has ended a
//! transaction by itself, which it does where the disk is full.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

/// Begins a transaction that writes: it waits for whoever writes now.
pub(super) fn begin_writing(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute("BEGIN IMMEDIATE")
}

/// Begins a transaction that reads: it sees the database as it is at the first read.
pub(super) fn begin_reading(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute("BEGIN")
}

/// Makes what was done durable. When it fails nothing of it is there.
pub(super) fn commit(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute("COMMIT").inspect_err(|_| rollback(connection))
}

/// Undoes everything, if SQLite has not done so itself.
pub(super) fn rollback(connection: &mut SqliteConnection) {
    let _ = connection.batch_execute("ROLLBACK");
}

/// Runs something that is undone alone when it is not kept.
///
/// # Errors
/// When the transaction around it is lost.
pub(super) fn in_savepoint<T>(
    connection: &mut SqliteConnection,
    run: impl FnOnce(&mut SqliteConnection) -> (bool, T),
) -> QueryResult<T> {
    connection.batch_execute("SAVEPOINT job")?;
    let (keep, value) = run(connection);
    connection.batch_execute(if keep { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" })?;
    Ok(value)
}
