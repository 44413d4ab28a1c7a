//! Begins the rebuild of derived data: each function sets the mark to 0, so that the writer adds all tasks
//! again ([`super::Worker`]).

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_query;
use diesel::sql_types::Text;

use crate::Location;
use crate::sqlite::migrate;

/// Begins a rebuild of the search index, inside a transaction. Creates its tables where they are missing;
/// their rows are cleared later, in steps. Adds an empty page, so that every index has one to clear.
pub(in crate::sqlite) fn begin_index(connection: &mut SqliteConnection) -> QueryResult<()> {
    restore_tables(connection)?;
    connection.batch_execute(
        "DELETE FROM tasks_unsearched;
         DELETE FROM tasks_indexed; INSERT INTO tasks_indexed VALUES (0);
         INSERT OR IGNORE INTO tasks_search_data (id, block) VALUES (11, x'');",
    )
}

/// Begins a rebuild of the counts of rows, inside a transaction.
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

/// The index's tables: its own, and those in which FTS5 keeps it.
const TABLES: &str = "SELECT name, sql FROM sqlite_schema
     WHERE type = 'table' AND name LIKE 'tasks\\_search%' ESCAPE '\\' ORDER BY length(name)";

/// FTS5 reads nothing of an index whose version it does not find; the other settings have defaults.
const SETTINGS: &str = "INSERT OR IGNORE INTO tasks_search_config VALUES ('version', 4);
     INSERT OR REPLACE INTO tasks_search_config VALUES ('automerge', 8);";

/// Creates the tables that a new database has and this one has not.
fn restore_tables(connection: &mut SqliteConnection) -> QueryResult<()> {
    let mut new = new_database()?;
    let wanted: Vec<Table> = sql_query(TABLES).load(&mut new)?;
    let found: Vec<Table> = sql_query(TABLES).load(connection)?;
    let is_there = |name: &str| found.iter().any(|table| table.name == name);
    let index = &wanted[0];
    if !is_there(&index.name) {
        // It makes the others, and refuses to where there is one.
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

/// A new database in memory, to compare with.
pub(in crate::sqlite) fn new_database() -> QueryResult<SqliteConnection> {
    let mut new = SqliteConnection::establish(":memory:")
        .map_err(|error| Error::QueryBuilderError(error.into()))?;
    migrate::run(&mut new, &Location::Memory)
        .map_err(|error| Error::QueryBuilderError(error.into()))?;
    Ok(new)
}
