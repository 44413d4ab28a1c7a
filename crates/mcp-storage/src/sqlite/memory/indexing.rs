//! Puts tasks into the search index and the counts, many at once: a segment of the index, and a
//! change of the counts, for each task would be far more work than one for all.
//!
//! New tasks are those above [`indexed_through`]; the numbers of older ones that changed are in
//! `tasks_unsearched` (triggers put them there, so that a rollback takes them back). Until the
//! writer gets to them, whoever searches or counts looks at them too.

use diesel::connection::SimpleConnection;
use diesel::dsl::{count_star, max};
use diesel::prelude::*;
use mcp_core::domain::fold_case;

use super::counts::{self, count_new};
use crate::sqlite::schema::{tasks, tasks_indexed, tasks_search, tasks_unsearched};

/// How many pages of the search index are written for a merge at once: a write that comes then waits
/// for them.
const MERGED_PAGES: u32 = 100;

/// From how many bytes of text on no further task is put into the index at once, for the same reason.
/// One task has at most what a request may bring.
const INDEXED_BYTES: usize = 256 * 1024;

/// Up to which number tasks are in the search index and in the counts.
pub(super) fn indexed_through(connection: &mut SqliteConnection) -> QueryResult<i64> {
    tasks_indexed::table.select(tasks_indexed::through).first(connection)
}

/// How many tasks wait for the index, or some more.
pub(in crate::sqlite) fn unindexed_tasks(connection: &mut SqliteConnection) -> QueryResult<i64> {
    let changed: i64 = tasks_unsearched::table.select(count_star()).first(connection)?;
    let newest: Option<i64> = tasks::table.select(max(tasks::id)).first(connection)?;
    let new = newest.unwrap_or(0) - indexed_through(connection)?;
    Ok(changed + new.max(0))
}

/// Puts at most so many tasks into the index, the changed ones first, and fewer where their texts
/// are long. Gives back how many it were.
pub(in crate::sqlite) fn index_tasks(
    connection: &mut SqliteConnection,
    at_most: i64,
) -> QueryResult<usize> {
    let mut bytes = 0;
    let changed = index_changed(connection, at_most, &mut bytes)?;
    let left = at_most - i64::try_from(changed).unwrap_or(i64::MAX);
    let is_enough = left <= 0 || bytes >= INDEXED_BYTES;
    Ok(changed + if is_enough { 0 } else { index_new(connection, left, bytes)? })
}

/// Adds to `bytes` what it has put there.
fn index_changed(
    connection: &mut SqliteConnection,
    at_most: i64,
    bytes: &mut usize,
) -> QueryResult<usize> {
    let ids: Vec<i64> = tasks_unsearched::table
        .select(tasks_unsearched::id)
        .order(tasks_unsearched::id)
        .limit(at_most)
        .load(connection)?;
    let mut done = 0;
    for id in &ids {
        diesel::delete(tasks_search::table.filter(tasks_search::rowid.eq(id)))
            .execute(connection)?;
        let words: Option<Words> =
            tasks::table.find(id).select(Words::as_select()).first(connection).optional()?;
        if let Some(words) = words {
            words.index(connection)?;
            *bytes += words.size();
        }
        done += 1;
        if *bytes >= INDEXED_BYTES {
            break;
        }
    }
    if let Some(last) = ids[..done].last() {
        diesel::delete(tasks_unsearched::table.filter(tasks_unsearched::id.le(last)))
            .execute(connection)?;
    }
    Ok(done)
}

fn index_new(
    connection: &mut SqliteConnection,
    at_most: i64,
    mut bytes: usize,
) -> QueryResult<usize> {
    let after = indexed_through(connection)?;
    let mut new: Vec<New> = Vec::new();
    let rows = tasks::table
        .filter(tasks::id.gt(after))
        .order(tasks::id)
        .limit(at_most)
        .select(New::as_select())
        .load_iter::<New, _>(connection)?;
    for task in rows {
        let task = task?;
        bytes += task.words.size();
        new.push(task);
        if bytes >= INDEXED_BYTES {
            break;
        }
    }
    let Some(last) = new.last().map(|task| task.words.id) else { return Ok(0) };
    for task in &new {
        task.words.index(connection)?;
    }
    count_new(connection, new.iter().map(New::counted))?;
    diesel::update(tasks_indexed::table)
        .set(tasks_indexed::through.eq(last))
        .execute(connection)?;
    Ok(new.len())
}

/// Joins a few segments of the search index: a search looks into each. Says whether there was
/// anything to join.
pub(in crate::sqlite) fn merge_index(connection: &mut SqliteConnection) -> QueryResult<bool> {
    let changes =
        |connection: &mut SqliteConnection| diesel::select(total_changes()).first(connection);
    let before: i64 = changes(connection)?;
    connection.batch_execute(&format!(
        "INSERT INTO tasks_search (tasks_search, rank) VALUES ('merge', {MERGED_PAGES})"
    ))?;
    // That is how it says so: <https://www.sqlite.org/fts5.html#the_merge_command>.
    Ok(changes(connection)? - before >= 2)
}

diesel::define_sql_function! {
    /// How many rows were changed on this connection since it was opened.
    fn total_changes() -> BigInt;
}

/// What a task is found by.
#[derive(Queryable, Selectable)]
#[diesel(table_name = tasks, check_for_backend(diesel::sqlite::Sqlite))]
struct Words {
    id: i64,
    title: String,
    description: Option<String>,
}

/// A task that is neither found nor counted yet.
#[derive(Queryable, Selectable)]
#[diesel(table_name = tasks, check_for_backend(diesel::sqlite::Sqlite))]
struct New {
    #[diesel(embed)]
    words: Words,
    status: Option<String>,
    priority: Option<String>,
}

impl New {
    fn counted(&self) -> counts::New<'_> {
        (self.words.id, self.status.as_deref(), self.priority.as_deref())
    }
}

impl Words {
    fn size(&self) -> usize {
        self.title.len() + self.description.as_ref().map_or(0, String::len)
    }

    fn index(&self, connection: &mut SqliteConnection) -> QueryResult<()> {
        let description = self.description.as_deref().unwrap_or_default();
        let text = indexed(&fold_case(&format!("{}\n{description}", self.title)));
        diesel::insert_into(tasks_search::table)
            .values((tasks_search::rowid.eq(self.id), tasks_search::text.eq(text)))
            .execute(connection)
            .map(|_| ())
    }
}

/// A folded text as it is in the index, whose tokenizer ends a text at NUL.
pub(super) fn indexed(folded: &str) -> String {
    folded.replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::super::plans::database;
    use super::*;

    /// How many each call puts into the index, until all are there.
    fn indexed_at_once(connection: &mut SqliteConnection) -> Vec<usize> {
        let calls = std::iter::from_fn(|| Some(index_tasks(connection, 100).expect("indexed")));
        let calls = calls.take_while(|count| *count > 0).collect();
        assert_eq!(unindexed_tasks(connection).expect("a count"), 0);
        calls
    }

    #[test]
    fn fewer_tasks_are_indexed_at_once_where_their_texts_are_long() {
        let mut database = database();
        let add = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 7)
             INSERT INTO tasks (title, description, priority, status, created_at, updated_at)
             SELECT 't', printf('%.*c', 100000, 'x'), 'low', 'open', 0, 0 FROM n";
        database.batch_execute(add).expect("tasks");
        assert_eq!(indexed_at_once(&mut database), [3, 3, 1]);
        database.batch_execute("UPDATE tasks SET title = 'u' WHERE id <= 5").expect("changes");
        database.batch_execute(add).expect("more tasks");
        assert_eq!(indexed_at_once(&mut database), [3, 3, 3, 3]);
        database.batch_execute("DELETE FROM tasks WHERE id > 3").expect("deletions");
        assert_eq!(indexed_at_once(&mut database), [11]);
    }
}
