//! What the tables must say together, beyond what SQLite can know. What is made from other tables (the
//! search index, counts) has its rules in [`derived`].

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use crate::sqlite::derived;

/// Each query gives a line for every fault that it finds, and is bounded.
const RULES: &[&str] = &[
    // Numbers are never given out again: what was given out is remembered.
    "SELECT 'users: number ' || max(id) || ' is above the last that was given out' AS fault
     FROM users HAVING max(id) > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'users'), 0)",
    "SELECT 'tasks: number ' || max(id) || ' is above the last that was given out' AS fault
     FROM tasks HAVING max(id) > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'tasks'), 0)",
    "SELECT 'config: number ' || max(id) || ' is above the last that was given out' AS fault
     FROM config HAVING max(id) > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'config'), 0)",
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

/// The tables, indexes and triggers of a database.
const PARTS: &str = "SELECT type || ' ' || name AS fault FROM sqlite_schema
     WHERE type IN ('table', 'index', 'trigger')";

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

/// What is wrong with derived data, a line each.
pub(super) fn derived_faults(connection: &mut SqliteConnection) -> Vec<String> {
    let mut faults = derived::index(connection);
    // What cannot be read whole is not compared word for word.
    if faults.is_empty() {
        faults.extend(derived::words(connection));
    }
    faults.extend(derived::counts(connection));
    faults.extend(derived::spellings(connection));
    faults
}

/// The parts that a new database has and this one has not.
fn missing(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let parts = |connection: &mut SqliteConnection| -> QueryResult<BTreeSet<String>> {
        let found: Vec<Fault> = sql_query(PARTS).load(connection)?;
        Ok(found.into_iter().map(|part| part.fault).collect())
    };
    let (wanted, found) = (parts(&mut derived::new_database()?)?, parts(connection)?);
    Ok(wanted.difference(&found).map(|part| format!("the {part} is missing")).collect())
}
