//! Transactions in SQL. diesel's own bookkeeping gives a connection up when SQLite has ended a
//! transaction by itself, which it does where the disk is full.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sqlite::Sqlite;

use super::schema::logs;

/// A statement that is prepared once for each connection: these are run for every call.
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

/// Begins a transaction that writes: it waits for whoever writes now.
pub(super) fn begin_writing(connection: &mut SqliteConnection) -> QueryResult<()> {
    BeginImmediate.execute(connection).map(|_| ())
}

/// Fails where the database may only be read: SQLite begins a transaction that writes also there.
pub(super) fn write_nothing(connection: &mut SqliteConnection) -> QueryResult<()> {
    diesel::delete(logs::table.filter(logs::id.lt(0))).execute(connection).map(|_| ())
}

/// Begins a transaction that reads: it sees the database as it is at the first read.
pub(super) fn begin_reading(connection: &mut SqliteConnection) -> QueryResult<()> {
    Begin.execute(connection).map(|_| ())
}

/// Makes what was done durable. When it fails nothing of it is there.
pub(super) fn commit(connection: &mut SqliteConnection) -> QueryResult<()> {
    Commit.execute(connection).map(|_| ()).inspect_err(|_| rollback(connection))
}

/// Undoes everything, if SQLite has not done so itself.
pub(super) fn rollback(connection: &mut SqliteConnection) {
    let _ = Rollback.execute(connection);
}

/// Runs something that is undone alone when it is not kept.
///
/// # Errors
/// When the transaction around it is lost.
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
