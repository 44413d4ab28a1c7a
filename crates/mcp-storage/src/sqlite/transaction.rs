//! Transactions as SQL statements. diesel's transaction manager discards a connection after SQLite
//! has ended a transaction by itself, as it does if the disk is full.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sqlite::Sqlite;

use super::schema::logs;

/// Declares a statement that is prepared once per connection, because it runs for every call.
macro_rules! prepared {
    ($($name:ident = $sql:literal;)*) => {$(
        #[derive(QueryId)]
        struct $name;

        impl QueryFragment<Sqlite> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                out.push_sql($sql);
                Ok(())
            }
        }

        impl RunQueryDsl<SqliteConnection> for $name {}
    )*};
}

prepared! {
    BeginImmediate = "BEGIN IMMEDIATE";
    Begin = "BEGIN";
    Commit = "COMMIT";
    Rollback = "ROLLBACK";
    Savepoint = "SAVEPOINT job";
    Release = "RELEASE job";
}

/// Begins a transaction that writes. Waits for other writers.
pub(super) fn begin_writing(connection: &mut SqliteConnection) -> QueryResult<()> {
    BeginImmediate.execute(connection).map(|_| ())
}

/// Runs an empty write, which fails in a read-only database; the beginning of a transaction does
/// not.
pub(super) fn write_nothing(connection: &mut SqliteConnection) -> QueryResult<()> {
    diesel::delete(logs::table.filter(logs::id.lt(0))).execute(connection).map(|_| ())
}

/// Begins a transaction that reads. Its first read determines the snapshot.
pub(super) fn begin_reading(connection: &mut SqliteConnection) -> QueryResult<()> {
    Begin.execute(connection).map(|_| ())
}

/// Commits durably. A failure rolls back.
pub(super) fn commit(connection: &mut SqliteConnection) -> QueryResult<()> {
    Commit.execute(connection).map(|_| ()).inspect_err(|_| rollback(connection))
}

/// Rolls back, if SQLite has not done so itself.
pub(super) fn rollback(connection: &mut SqliteConnection) {
    let _ = Rollback.execute(connection);
}

/// Runs a function in a savepoint, and rolls back if it returns false.
///
/// # Errors
/// Returns diesel's error if the savepoint, and with it the transaction, is lost.
pub(super) fn in_savepoint<T>(
    connection: &mut SqliteConnection,
    run: impl FnOnce(&mut SqliteConnection) -> (bool, T),
) -> QueryResult<T> {
    Savepoint.execute(connection)?;
    let (keep, value) = run(connection);
    if !keep {
        connection.batch_execute("ROLLBACK TO job")?;
    }
    Release.execute(connection)?;
    Ok(value)
}
