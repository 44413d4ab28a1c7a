//! The index that is searched: trigrams, where PostgreSQL's own extension for them can be had.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::migrate::one_at_a_time;

const EXTENSION: &str = "CREATE EXTENSION IF NOT EXISTS pg_trgm";

const INDEX: &str =
    "CREATE INDEX IF NOT EXISTS tasks_by_text ON tasks USING gin (folded gin_trgm_ops)";

/// Creates the index if it can be and is not there. Without it a search looks at every task.
pub(super) fn index(connection: &mut PgConnection) -> QueryResult<()> {
    if is_there(connection)? {
        return Ok(());
    }
    connection.transaction(|connection| {
        // `IF NOT EXISTS` fails when another server creates the same in this moment.
        one_at_a_time(connection)?;
        if is_there(connection)? {
            return Ok(());
        }
        let mut run = |statement| connection.transaction(|inner| inner.batch_execute(statement));
        // Some databases have such indexes without the extension.
        let extension = run(EXTENSION);
        if let Err(error) = run(INDEX) {
            let error = extension.err().unwrap_or(error);
            log::warn!(
                "search_tasks looks at every task: there is no index of trigrams ({error}); let \
                 somebody who may run CREATE EXTENSION pg_trgm in this database, and start again"
            );
        }
        Ok(())
    })
}

fn is_there(connection: &mut PgConnection) -> QueryResult<bool> {
    diesel::select(sql::<Bool>("to_regclass('tasks_by_text') IS NOT NULL")).first(connection)
}
