//! Consistency checks of derived data. Each check returns one line per fault, and a limited number
//! of them. Unreadable data is a fault too.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};

use super::structure::{self, STRUCTURE, TOTALS};
use crate::sqlite::memory::{note_is_missing, uncomposed_names};

/// Compares the index with the tables of tasks that it contains.
const INDEX: &[&str] = &[
    "SELECT 'the search index: its mark has ' || count(*) || ' rows instead of one' AS fault
     FROM tasks_indexed HAVING count(*) <> 1",
    "SELECT 'the search index: its mark is task ' || through || ', which was never given out'
        AS fault
     FROM tasks_indexed
     WHERE through > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'tasks'), 0)",
    "SELECT 'the search index: task ' || id || ' is not in it' AS fault FROM tasks
     WHERE id <= (SELECT through FROM tasks_indexed)
         AND id NOT IN (SELECT id FROM tasks_search_docsize)
         AND id NOT IN (SELECT id FROM tasks_unsearched) LIMIT 100",
    "SELECT 'the search index: it has task ' || id || ', which is gone' AS fault
     FROM tasks_search_docsize
     WHERE id NOT IN (SELECT id FROM tasks) AND id NOT IN (SELECT id FROM tasks_unsearched)
         AND (SELECT through FROM tasks_indexed) > 0 LIMIT 100",
    "SELECT 'the search index: it has task ' || max(id) || ', which is above its mark' AS fault
     FROM tasks_search_docsize
     WHERE (SELECT through FROM tasks_indexed) > 0
     HAVING max(id) > (SELECT through FROM tasks_indexed)",
    // FTS5's own check of its segments.
    "SELECT 'the search index: ' || integrity_check AS fault
     FROM pragma_integrity_check('tasks_search') WHERE integrity_check <> 'ok' LIMIT 100",
    // A page on which a word begins is registered by its first word, except the first page. FTS5
    // checks only registered pages. A row's id consists of the segment (16 bits), the type of page
    // (6 bits, here 0) and the page (31 bits). Bytes 3 and 4 are the offset of the word positions;
    // it equals the length if no word begins on the page.
    "WITH pages AS (
         SELECT id FROM tasks_search_data
         WHERE id > 10 AND id >> 37 < 65536 AND (id >> 31) & 63 = 0
             AND hex(substr(block, 3, 2)) < format('%04X', length(block))
     )
     SELECT 'the search index: ' || count(*) || ' of its pages cannot be found' AS fault FROM pages
     WHERE id NOT IN (SELECT (segid << 37) + (pgno >> 1) FROM tasks_search_idx)
         AND (id NOT IN (SELECT min(id) FROM pages GROUP BY id >> 37)
             OR id >> 37 NOT IN (SELECT segid FROM tasks_search_idx))
     HAVING count(*) > 0",
    // Checks whether the index can be queried.
    "SELECT '' AS fault FROM tasks_search WHERE tasks_search MATCH '\"abc\"' AND rowid < 0",
];

/// Compares the counts with the rows, except new tasks.
const COUNTS: &[&str] = &[
    "SELECT 'row counts: their mark has ' || count(*) || ' rows instead of one' AS fault
     FROM tasks_counted HAVING count(*) <> 1",
    "SELECT 'row counts: their mark is task ' || through || ', which was never given out'
        AS fault
     FROM tasks_counted
     WHERE through > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'tasks'), 0)",
    "WITH old (id, status, priority) AS (
         SELECT id, status, priority FROM tasks WHERE id <= (SELECT through FROM tasks_counted)
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
];

#[derive(QueryableByName)]
struct FaultRow {
    #[diesel(sql_type = Text)]
    fault: String,
}

/// Returns the faults of the search index, without comparing each word.
pub(in crate::sqlite) fn index(connection: &mut SqliteConnection) -> Vec<String> {
    let mut faults = rules(connection, "the search index", INDEX);
    let segments = segments(connection);
    faults.extend(segments.unwrap_or_else(|error| vec![format!("the search index: {error}")]));
    faults.dedup();
    faults
}

/// Returns the faults of the counts.
pub(in crate::sqlite) fn counts(connection: &mut SqliteConnection) -> Vec<String> {
    rules(connection, "row counts", COUNTS)
}

/// Returns the names whose spellings are missing.
pub(in crate::sqlite) fn spellings(connection: &mut SqliteConnection) -> Vec<String> {
    let missing = uncomposed_names(connection).and_then(|names| {
        let names: BTreeSet<String> = names.into_iter().collect();
        let mut missing = Vec::new();
        for name in names {
            if note_is_missing(connection, &name)? {
                missing.push(format!("spellings: {name:?} is missing"));
            }
        }
        Ok(missing)
    });
    missing.unwrap_or_else(|error| vec![format!("spellings: {error}")])
}

fn rules(connection: &mut SqliteConnection, of: &str, rules: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for rule in rules {
        match sql_query(*rule).load::<FaultRow>(connection) {
            Ok(found) => faults.extend(found.into_iter().map(|found| found.fault)),
            Err(error) => faults.push(format!("{of}: {error}")),
        }
    }
    faults
}

#[derive(QueryableByName)]
struct Record {
    #[diesel(sql_type = Nullable<Binary>)]
    block: Option<Vec<u8>>,
}

#[derive(QueryableByName)]
struct Insert {
    #[diesel(sql_type = BigInt)]
    origin: i64,
    #[diesel(sql_type = BigInt)]
    tasks: i64,
}

/// Returns a fault if the index lacks the segments of tasks that it registers.
fn segments(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let mut record = |row: i64| {
        sql_query("SELECT block FROM tasks_search_data WHERE id = ?")
            .bind::<BigInt, _>(row)
            .get_result::<Record>(connection)
            .optional()
            .map(|record| record.and_then(|record| record.block).unwrap_or_default())
    };
    let (structure, totals) = (record(STRUCTURE)?, record(TOTALS)?);
    let inserts: Vec<Insert> = sql_query(
        "SELECT origin, count(*) AS tasks FROM tasks_search_docsize WHERE sz <> x'00' GROUP BY origin",
    )
    .load(connection)?;
    let rows: Insert = sql_query("SELECT 0 AS origin, count(*) AS tasks FROM tasks_search_docsize")
        .get_result(connection)?;
    let rows = rows.tasks.unsigned_abs();
    let mut faults = Vec::new();
    // A new index has no totals, and those of an index without texts do not shrink.
    if structure::total_rows(&totals).unwrap_or(0) < rows {
        faults.push(format!("the search index: its totals are less than its {rows} tasks"));
    }
    match structure::origins(&structure) {
        None => faults.push("the search index: its structure record cannot be read".into()),
        Some(segments) => {
            let is_lost = |insert: &&Insert| {
                let origin = insert.origin.unsigned_abs();
                !segments.iter().any(|it| it.first <= origin && origin <= it.last)
            };
            let lost: i64 = inserts.iter().filter(is_lost).map(|insert| insert.tasks).sum();
            if lost > 0 {
                let fault = format!("the search index: the segments of {lost} tasks are missing");
                faults.push(fault);
            }
        }
    }
    Ok(faults)
}
