//! The beginning of a rebuild: each function sets a mark to 0, so that the writer adds all tasks
//! again ([`super::Worker`]).

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_query;
use diesel::sql_types::Text;

use crate::Location;
use crate::sqlite::migrate;

/// Begins a rebuild of the search index, inside a transaction. Creates missing tables. Existing
/// rows are cleared later, in steps; an empty page is added, so that there is always one to clear.
pub(in crate::sqlite) fn begin_index(connection: &mut SqliteConnection) -> QueryResult<()> {
    restore_tables(connection)?;
    connection.batch_execute(
        "DELETE FROM tasks_unsearched;
         DELETE FROM tasks_indexed; INSERT INTO tasks_indexed VALUES (0);
         INSERT OR IGNORE INTO tasks_search_data (id, block) VALUES (11, x'');",
    )
}

/// Begins a rebuild of the counts, inside a transaction.
pub(in crate::sqlite) fn begin_counts(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute(
        "DELETE FROM row_counts;
         DELETE FROM tasks_counted; INSERT INTO tasks_counted VALUES (0);
         INSERT INTO row_counts SELECT 'users', '', id >> 12, count(*) FROM users GROUP BY 3;",
    )
}

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

/// The index's virtual table, and the tables in which FTS5 stores it.
const TABLES: &str = "SELECT name, sql FROM sqlite_schema
     WHERE type = 'table' AND name LIKE 'tasks\\_search%' ESCAPE '\\' ORDER BY length(name)";

/// FTS5 requires a version; the other settings have defaults.
const SETTINGS: &str = "INSERT OR IGNORE INTO tasks_search_config VALUES ('version', 4);
     INSERT OR REPLACE INTO tasks_search_config VALUES ('automerge', 8);";

/// Creates the missing tables, as in a new database.
fn restore_tables(connection: &mut SqliteConnection) -> QueryResult<()> {
    let mut new = new_database()?;
    let wanted: Vec<Table> = sql_query(TABLES).load(&mut new)?;
    let found: Vec<Table> = sql_query(TABLES).load(connection)?;
    let is_there = |name: &str| found.iter().any(|table| table.name == name);
    let index = &wanted[0];
    if !is_there(&index.name) {
        // FTS5 creates the other tables, and fails if one exists.
        for left in &found {
            connection.batch_execute(&format!("DROP TABLE {}", left.name))?;
        }
        connection.batch_execute(&index.sql)?;
        return connection.batch_execute(SETTINGS);
    }
    for missing in wanted.iter().filter(|table| !is_there(&table.name)) {
        connection.batch_execute(&missing.sql)?;
    }
    connection.batch_execute(SETTINGS)
}

/// Creates a new database in memory, for comparison.
pub(in crate::sqlite) fn new_database() -> QueryResult<SqliteConnection> {
    let mut new = SqliteConnection::establish(":memory:")
        .map_err(|error| Error::QueryBuilderError(error.into()))?;
    migrate::run(&mut new, &Location::Memory)
        .map_err(|error| Error::QueryBuilderError(error.into()))?;
    Ok(new)
}
