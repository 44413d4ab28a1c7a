//! What the tables must say together, beyond what SQLite can know. A new side table or index of our
//! own (search, counters) gets its rule here.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_query;
use diesel::sql_types::Text;

use crate::Location;
use crate::sqlite::migrate;

/// Each query gives a line for every fault that it finds, and is bounded.
const RULES: &[&str] = &[
    // Numbers are never given out again: what was given out is remembered.
    "SELECT 'users: number ' || max(id) || ' is above the last that was given out' AS fault
     FROM users HAVING max(id) > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'users'), 0)",
    "SELECT 'tasks: number ' || max(id) || ' is above the last that was given out' AS fault
     FROM tasks HAVING max(id) > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'tasks'), 0)",
    "SELECT 'config: number ' || max(id) || ' is above the last that was given out' AS fault
     FROM config HAVING max(id) > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'config'), 0)",
    // Every task is in the search index, or waits to be put there; nothing else is in it.
    "SELECT 'tasks: number ' || id || ' is not in the search index' AS fault FROM tasks
     WHERE id <= (SELECT through FROM tasks_indexed)
         AND id NOT IN (SELECT id FROM tasks_search_docsize)
         AND id NOT IN (SELECT id FROM tasks_unsearched) LIMIT 100",
    "SELECT 'the search index has task ' || id || ', which is gone' AS fault FROM tasks_search_docsize
     WHERE id NOT IN (SELECT id FROM tasks) AND id NOT IN (SELECT id FROM tasks_unsearched) LIMIT 100",
    "SELECT 'the search index is said to go to task ' || through || ', which was never given out' AS fault
     FROM tasks_indexed
     WHERE through > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'tasks'), 0)",
    // The counts of rows are those of the rows, but for new tasks.
    "WITH old (id, status, priority) AS (
         SELECT id, status, priority FROM tasks WHERE id <= (SELECT through FROM tasks_indexed)
     ), counted (kind, value, block, rows) AS (
         SELECT 'users', '', id >> 12, count(*) FROM users GROUP BY 3
         UNION ALL SELECT 'tasks', '', id >> 12, count(*) FROM old GROUP BY 3
         UNION ALL SELECT 'status', status, id >> 12, count(*) FROM old
             WHERE status IS NOT NULL GROUP BY 2, 3
         UNION ALL SELECT 'priority', priority, id >> 12, count(*) FROM old
             WHERE priority IS NOT NULL GROUP BY 2, 3
     )
     SELECT 'row counts: ' || kind || ' in block ' || block || ' does not agree with its rows' AS fault
     FROM (SELECT * FROM (SELECT * FROM counted EXCEPT SELECT * FROM row_counts)
           UNION SELECT * FROM (SELECT * FROM row_counts EXCEPT SELECT * FROM counted))
     LIMIT 100",
    // Retention counts on numbers without gaps.
    "SELECT 'logs: ' || (max(id) - min(id) + 1 - count(*)) || ' numbers are missing' AS fault
     FROM logs HAVING max(id) - min(id) + 1 <> count(*)",
    // What is kept as JSON text is read back as such.
    "SELECT 'users: number ' || id || ' has metadata that is no JSON' AS fault
     FROM users WHERE NOT json_valid(metadata) LIMIT 100",
    "SELECT 'config: number ' || id || ' has a value that is no JSON' AS fault
     FROM config WHERE NOT json_valid(value) LIMIT 100",
    "SELECT 'logs: number ' || id || ' has a payload that is no JSON' AS fault
     FROM logs WHERE NOT json_valid(payload) LIMIT 100",
];

/// The indexes and triggers of a database.
const PARTS: &str =
    "SELECT type || ' ' || name AS fault FROM sqlite_schema WHERE type IN ('index', 'trigger')";

#[derive(QueryableByName)]
struct Fault {
    #[diesel(sql_type = Text)]
    fault: String,
}

/// What is wrong, a line each.
pub(super) fn faults(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let mut faults = missing(connection)?;
    for rule in RULES {
        let found: Vec<Fault> = sql_query(*rule).load(connection)?;
        faults.extend(found.into_iter().map(|found| found.fault));
    }
    Ok(faults)
}

/// The indexes and triggers that a new database has and this one has not.
fn missing(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let parts = |connection: &mut SqliteConnection| -> QueryResult<BTreeSet<String>> {
        let found: Vec<Fault> = sql_query(PARTS).load(connection)?;
        Ok(found.into_iter().map(|part| part.fault).collect())
    };
    let mut new = SqliteConnection::establish(":memory:")
        .map_err(|error| Error::QueryBuilderError(error.into()))?;
    migrate::run(&mut new, &Location::Memory)
        .map_err(|error| Error::QueryBuilderError(error.into()))?;
    let (wanted, found) = (parts(&mut new)?, parts(connection)?);
    Ok(wanted.difference(&found).map(|part| format!("the {part} is missing")).collect())
}
