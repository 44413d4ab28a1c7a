//! Updates of the search index and the counts, for many tasks at once. A separate update per task
//! would cost far more.
//!
//! New tasks are those above the mark ([`indexed_through`]). The ids of changed ones are in
//! `tasks_unsearched`, which triggers fill, so that a rollback undoes it. Until the writer handles
//! them, searches also read these tasks. The counts have their own mark ([`super::counts`]).

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::dsl::{count_star, exists, max, select};
use diesel::prelude::*;
use mcp_core::domain::fold;

use super::counts::{count_some, counted_through};
use crate::sqlite::schema::{
    tasks, tasks_indexed, tasks_search, tasks_search_data, tasks_unsearched,
};

/// The number of index pages that one merge writes, because a concurrent write waits for it.
const MERGED_PAGES: u32 = 100;

/// The size of texts after which no further task is added at once, for the same reason. One task's
/// text is limited by the size of a request.
const INDEXED_BYTES: usize = 256 * 1024;

/// The number of index pages that a rebuild clears at once, for the same reason.
const CLEARED_PAGES: i64 = 512;
/// The last row of the index's data that is not a page.
const NO_PAGES: i64 = 10;

/// Returns the id of the last task in the search index; 0 if it is being rebuilt.
pub(in crate::sqlite) fn indexed_through(connection: &mut SqliteConnection) -> QueryResult<i64> {
    let mark = tasks_indexed::table.select(tasks_indexed::through).first(connection);
    mark.optional().map(Option::unwrap_or_default)
}

/// The work that waits for the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sqlite) struct Backlog {
    /// The upper bound of the number of tasks that are not indexed.
    pub(in crate::sqlite) unindexed: i64,
    /// The upper bound of the number of tasks that are not counted.
    pub(in crate::sqlite) uncounted: i64,
}

impl Backlog {
    pub(in crate::sqlite) fn of(connection: &mut SqliteConnection) -> QueryResult<Self> {
        let changed: i64 = tasks_unsearched::table.select(count_star()).first(connection)?;
        let newest: Option<i64> = tasks::table.select(max(tasks::id)).first(connection)?;
        let newest = newest.unwrap_or(0);
        let new = newest - indexed_through(connection)?;
        let uncounted = (newest - counted_through(connection)?).max(0);
        Ok(Self { unindexed: changed + new.max(0), uncounted })
    }
}

/// Counts some uncounted tasks. Returns whether there were any.
pub(in crate::sqlite) fn count_tasks(connection: &mut SqliteConnection) -> QueryResult<bool> {
    count_some(connection)
}

/// Returns whether a rebuild must clear pages of the index.
pub(in crate::sqlite) fn is_to_be_cleared(connection: &mut SqliteConnection) -> QueryResult<bool> {
    if indexed_through(connection)? > 0 {
        return Ok(false);
    }
    select(exists(tasks_search_data::table.filter(tasks_search_data::id.gt(NO_PAGES))))
        .get_result(connection)
}

/// Clears some pages of the index for a rebuild.
pub(in crate::sqlite) fn clear_index(connection: &mut SqliteConnection) -> QueryResult<()> {
    let pages: Vec<i64> = tasks_search_data::table
        .select(tasks_search_data::id)
        .filter(tasks_search_data::id.gt(NO_PAGES))
        .order(tasks_search_data::id)
        .limit(CLEARED_PAGES)
        .load(connection)?;
    if let [first, .., last] = pages[..]
        && pages.len() == usize::try_from(CLEARED_PAGES).unwrap_or(usize::MAX)
    {
        diesel::delete(tasks_search_data::table.filter(tasks_search_data::id.between(first, last)))
            .execute(connection)?;
        return Ok(());
    }
    connection.batch_execute("INSERT INTO tasks_search (tasks_search) VALUES ('delete-all')")
}

/// Adds up to `at_most` tasks to the index, changed ones first, and fewer if their texts are long.
/// Returns their number.
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

/// Adds the size of the texts to `bytes`.
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
    let mut new: Vec<Words> = Vec::new();
    let rows = tasks::table
        .filter(tasks::id.gt(after))
        .order(tasks::id)
        .limit(at_most)
        .select(Words::as_select())
        .load_iter::<Words, _>(connection)?;
    for words in rows {
        let words = words?;
        bytes += words.size();
        new.push(words);
        if bytes >= INDEXED_BYTES {
            break;
        }
    }
    let Some(last) = new.last().map(|words| words.id) else { return Ok(0) };
    for words in &new {
        words.index(connection)?;
    }
    diesel::update(tasks_indexed::table)
        .set(tasks_indexed::through.eq(last))
        .execute(connection)?;
    Ok(new.len())
}

/// Merges some segments of the search index, because a search reads each segment. Returns whether
/// there was anything to merge.
pub(in crate::sqlite) fn merge_index(connection: &mut SqliteConnection) -> QueryResult<bool> {
    let changes =
        |connection: &mut SqliteConnection| diesel::select(total_changes()).first(connection);
    let before: i64 = changes(connection)?;
    connection.batch_execute(&format!(
        "INSERT INTO tasks_search (tasks_search, rank) VALUES ('merge', {MERGED_PAGES})"
    ))?;
    // The documented sign of progress: <https://www.sqlite.org/fts5.html#the_merge_command>.
    Ok(changes(connection)? - before >= 2)
}

diesel::define_sql_function! {
    /// Returns the number of rows changed on this connection since it was opened.
    fn total_changes() -> BigInt;
}

/// The texts of a task that searches find.
#[derive(Queryable, Selectable)]
#[diesel(table_name = tasks, check_for_backend(diesel::sqlite::Sqlite))]
pub(in crate::sqlite) struct Words {
    pub(in crate::sqlite) id: i64,
    title: String,
    description: Option<String>,
}

impl Words {
    fn size(&self) -> usize {
        self.title.len() + self.description.as_ref().map_or(0, String::len)
    }

    /// Returns the text for the index.
    pub(in crate::sqlite) fn text(&self) -> String {
        let description = self.description.as_deref().unwrap_or_default();
        indexed(&fold(&format!("{}\n{description}", self.title)))
    }

    fn index(&self, connection: &mut SqliteConnection) -> QueryResult<()> {
        diesel::insert_into(tasks_search::table)
            .values((tasks_search::rowid.eq(self.id), tasks_search::text.eq(self.text())))
            .execute(connection)
            .map(|_| ())
    }
}

/// Returns a folded text as the index stores it: its tokenizer ends a text at NUL, and replaces
/// noncharacters.
pub(super) fn indexed(folded: &str) -> String {
    folded.replace(['\0', '\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

/// Returns the trigrams of a text in the index.
pub(in crate::sqlite) fn trigrams(indexed: &str) -> BTreeSet<&str> {
    let ends: Vec<usize> =
        indexed.char_indices().map(|(at, _)| at).chain([indexed.len()]).collect();
    ends.windows(4).map(|ends| &indexed[ends[0]..ends[3]]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::plans::database;
    use super::*;

    /// Returns the number of tasks that each call indexes, until none is left.
    fn indexed_at_once(connection: &mut SqliteConnection) -> Vec<usize> {
        let calls = std::iter::from_fn(|| Some(index_tasks(connection, 100).expect("indexed")));
        let calls = calls.take_while(|count| *count > 0).collect();
        assert_eq!(Backlog::of(connection).expect("a count").unindexed, 0);
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
