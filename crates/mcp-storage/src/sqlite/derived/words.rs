//! The comparison of the whole search index with the tasks.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use crate::sqlite::memory::{Words, indexed_through, trigrams};
use crate::sqlite::schema::{tasks, tasks_unsearched};

/// The maximum number of reported faults.
const MAX_FAULTS: usize = 100;

/// A table over the index, visible to this connection only.
const OPEN: &str = "PRAGMA query_only = OFF;
     CREATE VIRTUAL TABLE temp.tasks_words USING fts5vocab(main, tasks_search, instance)";
const CLOSE: &str = "DROP TABLE IF EXISTS temp.tasks_words; PRAGMA query_only = ON";

#[derive(QueryableByName)]
struct Instance {
    #[diesel(sql_type = Text)]
    term: String,
    #[diesel(sql_type = BigInt)]
    doc: i64,
}

/// Returns the tasks whose entries in the index are wrong, one line each. Uses 16 bytes of memory
/// per task.
pub(in crate::sqlite) fn words(connection: &mut SqliteConnection) -> Vec<String> {
    let compared = connection.batch_execute(OPEN).and_then(|()| compare(connection));
    let closed = connection.batch_execute(CLOSE);
    match compared.and_then(|faults| closed.map(|()| faults)) {
        Ok(faults) => faults,
        Err(error) => vec![format!("the search index: {error}")],
    }
}

fn compare(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let through = indexed_through(connection)?;
    if through == 0 {
        // A rebuild is pending.
        return Ok(Vec::new());
    }
    let mut sums = HashMap::<i64, u64>::new();
    let instances =
        sql_query("SELECT term, doc FROM temp.tasks_words").load_iter::<Instance, _>(connection)?;
    for instance in instances {
        let Instance { term, doc } = instance?;
        add(sums.entry(doc).or_default(), &term);
    }
    let waiting: Vec<i64> =
        tasks_unsearched::table.select(tasks_unsearched::id).load(connection)?;
    for id in &waiting {
        sums.remove(id);
    }
    let rows = tasks::table
        .filter(tasks::id.le(through))
        .order(tasks::id)
        .select(Words::as_select())
        .load_iter::<Words, _>(connection)?;
    let mut faults = Vec::new();
    for words in rows {
        let words = words?;
        let found = sums.remove(&words.id).unwrap_or_default();
        let mut wanted = 0;
        for trigram in trigrams(&words.text()) {
            add(&mut wanted, trigram);
        }
        if found != wanted && faults.len() < MAX_FAULTS && waiting.binary_search(&words.id).is_err()
        {
            let fault = format!("the search index: task {} is not in it as it is now", words.id);
            faults.push(fault);
        }
    }
    let gone = sums.into_keys().take(MAX_FAULTS);
    faults.extend(
        gone.map(|id| format!("the search index: it has words of task {id}, which is gone")),
    );
    Ok(faults)
}

/// Adds a word to a sum that does not depend on the order of words.
fn add(sum: &mut u64, word: &str) {
    let mut hasher = DefaultHasher::new();
    word.hash(&mut hasher);
    *sum = sum.wrapping_add(hasher.finish());
}
