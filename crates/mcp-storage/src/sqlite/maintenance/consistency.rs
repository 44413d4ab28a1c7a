//! Consistency rules across tables. Derived data has its rules in [`derived`].

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use crate::sqlite::derived;

/// Each query returns one line per fault, and a limited number of them.
const RULES: &[&str] = &[
    // Assigned ids are remembered, so that they are never assigned again.
    "SELECT 'users: number ' || max(id) || ' is above the last that was given out' AS fault
     FROM users HAVING max(id) > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'users'), 0)",
    "SELECT 'tasks: number ' || max(id) || ' is above the last that was given out' AS fault
     FROM tasks HAVING max(id) > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'tasks'), 0)",
    "SELECT 'config: number ' || max(id) || ' is above the last that was given out' AS fault
     FROM config HAVING max(id) > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'config'), 0)",
    // The retention relies on ids without gaps.
    "SELECT 'logs: ' || (max(id) - min(id) + 1 - count(*)) || ' numbers are missing' AS fault
     FROM logs HAVING max(id) - min(id) + 1 <> count(*)",
    // These columns contain JSON text.
    "SELECT 'users: number ' || id || ' has invalid JSON as metadata' AS fault
     FROM users WHERE NOT json_valid(metadata) LIMIT 100",
    "SELECT 'config: number ' || id || ' has invalid JSON as value' AS fault
     FROM config WHERE NOT json_valid(value) LIMIT 100",
    "SELECT 'logs: number ' || id || ' has invalid JSON as payload' AS fault
     FROM logs WHERE NOT json_valid(payload) LIMIT 100",
];

/// The tables, indexes and triggers of a database.
const PARTS: &str = "SELECT type || ' ' || name AS fault FROM sqlite_schema
     WHERE type IN ('table', 'index', 'trigger')";

#[derive(QueryableByName)]
struct FaultRow {
    #[diesel(sql_type = Text)]
    fault: String,
}

/// Returns the faults of the tables, one line each.
pub(super) fn faults(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let mut faults = missing(connection)?;
    for rule in RULES {
        let found: Vec<FaultRow> = sql_query(*rule).load(connection)?;
        faults.extend(found.into_iter().map(|found| found.fault));
    }
    Ok(faults)
}

/// Returns the faults of derived data, one line each.
pub(super) fn derived_faults(connection: &mut SqliteConnection) -> Vec<String> {
    let mut faults = derived::index(connection);
    // Words are compared only in an intact index.
    if faults.is_empty() {
        faults.extend(derived::words(connection));
    }
    faults.extend(derived::counts(connection));
    faults.extend(derived::spellings(connection));
    faults
}

/// Returns the tables, indexes and triggers of a new database that are missing here.
fn missing(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let parts = |connection: &mut SqliteConnection| -> QueryResult<BTreeSet<String>> {
        let found: Vec<FaultRow> = sql_query(PARTS).load(connection)?;
        Ok(found.into_iter().map(|part| part.fault).collect())
    };
    let (wanted, found) = (parts(&mut derived::new_database()?)?, parts(connection)?);
    Ok(wanted.difference(&found).map(|part| format!("the {part} is missing")).collect())
}
