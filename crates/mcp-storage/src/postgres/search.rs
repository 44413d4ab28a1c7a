//! The index that is searched: trigrams, where PostgreSQL's own extension for them can be had.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

const EXTENSION: &str = "CREATE EXTENSION IF NOT EXISTS pg_trgm";

/// A new index over many tasks takes its time.
const INDEX: &str = "SET LOCAL statement_timeout = 0;
     CREATE INDEX IF NOT EXISTS tasks_by_text ON tasks USING gin (folded gin_trgm_ops)";

/// Creates the index if it can be and is not there. Without it a search looks at every task.
pub(super) fn index(connection: &mut PgConnection) -> QueryResult<()> {
    let is_there: bool = diesel::select(sql::<Bool>("to_regclass('tasks_by_text') IS NOT NULL"))
        .first(connection)?;
    if is_there {
        return Ok(());
    }
    let mut run = |statements| connection.transaction(|inner| inner.batch_execute(statements));
    // Some databases have such indexes without the extension.
    let extension = run(EXTENSION);
    if let Err(error) = run(INDEX) {
        let error = extension.err().unwrap_or(error);
        log::warn!(
            "search_tasks looks at every task: there is no index of trigrams ({error}); let somebody \
             who may run CREATE EXTENSION pg_trgm in this database, and start again"
        );
    }
    Ok(())
}
