//! The search index: trigrams, if PostgreSQL's extension for them is available.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::migrate::one_at_a_time;

const EXTENSION: &str = "CREATE EXTENSION IF NOT EXISTS pg_trgm";

const INDEX: &str =
    "CREATE INDEX IF NOT EXISTS tasks_by_text ON tasks USING gin (folded gin_trgm_ops)";

/// Creates the index if possible. Without it, a search reads every task.
pub(super) fn index(connection: &mut PgConnection) -> QueryResult<()> {
    if is_there(connection)? {
        return Ok(());
    }
    connection.transaction(|connection| {
        // `IF NOT EXISTS` fails if another server creates the same at this moment.
        one_at_a_time(connection)?;
        if is_there(connection)? {
            return Ok(());
        }
        let mut run = |statement| connection.transaction(|inner| inner.batch_execute(statement));
        // Some databases support such indexes without the extension.
        let extension = run(EXTENSION);
        if let Err(error) = run(INDEX) {
            let error = extension.err().unwrap_or(error);
            log::warn!(
                "search_tasks reads every task: there is no index of trigrams ({error}); let a privileged \
                 user run CREATE EXTENSION pg_trgm in this database, and restart"
            );
        }
        Ok(())
    })
}

fn is_there(connection: &mut PgConnection) -> QueryResult<bool> {
    diesel::select(sql::<Bool>("to_regclass('tasks_by_text') IS NOT NULL")).first(connection)
}
