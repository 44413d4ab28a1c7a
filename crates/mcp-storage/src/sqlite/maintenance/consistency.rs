//! What the tables must say together, beyond what SQLite can know. A new side table or index of our
//! own (search, counters) gets its rule here.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

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

#[derive(QueryableByName)]
struct Fault {
    #[diesel(sql_type = Text)]
    fault: String,
}

/// What is wrong, a line each.
pub(super) fn faults(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let mut faults = Vec::new();
    for rule in RULES {
        let found: Vec<Fault> = sql_query(*rule).load(connection)?;
        faults.extend(found.into_iter().map(|found| found.fault));
    }
    Ok(faults)
}
