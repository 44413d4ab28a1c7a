//! The numbers of rows, stored per block of ids (`row_counts`). Totals and offsets read the blocks
//! instead of the rows. Triggers update the blocks. New tasks, with ids above the mark
//! ([`counted_through`]), are counted separately until they are added to the blocks.

use std::collections::BTreeMap;

use diesel::dsl::{count_star, max};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;
use mcp_core::domain::{Page, Position};

use super::SqliteMemory;
use crate::sqlite::schema::{row_counts, tasks, tasks_counted};

/// The number of ids per block, as in the triggers of `migrations/sqlite`.
const BLOCK: i64 = 1 << 12;

/// The rows to count.
#[derive(Clone, Copy)]
pub(super) enum Counted<'a> {
    Users,
    Tasks,
    TasksOfStatus(&'a str),
}

/// A task's status and priority.
type Values = (Option<String>, Option<String>);

impl Counted<'_> {
    fn key(&self) -> (&'static str, &str) {
        match self {
            Self::Users => ("users", ""),
            Self::Tasks => ("tasks", ""),
            Self::TasksOfStatus(status) => ("status", status),
        }
    }
}

impl SqliteMemory<'_> {
    /// Returns the number of rows.
    pub(super) fn total(&mut self, counted: Counted<'_>) -> QueryResult<u64> {
        let (kind, value) = counted.key();
        let rows: i64 = Sum { kind, value: value.to_owned() }.get_result(self.connection)?;
        Ok(super::count(rows + self.uncounted(counted)?))
    }

    /// Reduces the offset of a page by the rows of whole blocks.
    pub(super) fn skip_blocks(&mut self, page: Page, counted: Counted<'_>) -> QueryResult<Page> {
        // A page after a position has no offset.
        if page.offset < BLOCK.unsigned_abs() || page.after.is_some() {
            return Ok(page);
        }
        // Some rows of the last block may be new.
        let counted_through = match counted {
            Counted::Users => i64::MAX,
            Counted::Tasks | Counted::TasksOfStatus(_) => counted_through(self.connection)?,
        };
        let mut skipped = page;
        for (block, rows) in self.blocks(counted)? {
            let rows = super::count(rows);
            if skipped.offset < rows {
                break;
            }
            skipped.offset -= rows;
            skipped.after = Some(Position(counted_through.min((block + 1) * BLOCK - 1)));
        }
        Ok(skipped)
    }

    /// Returns the number of tasks for each status.
    pub(super) fn by_status(&mut self) -> QueryResult<Vec<(String, u64)>> {
        self.by_value("status", |(status, _)| status)
    }

    /// Returns the number of tasks for each priority.
    pub(super) fn by_priority(&mut self) -> QueryResult<Vec<(String, u64)>> {
        self.by_value("priority", |(_, priority)| priority)
    }

    fn by_value(
        &mut self,
        kind: &'static str,
        value_of: fn(Values) -> Option<String>,
    ) -> QueryResult<Vec<(String, u64)>> {
        let sums: Vec<(String, i64)> = Sums { kind }.load(self.connection)?;
        let mut counts: BTreeMap<String, i64> = sums.into_iter().collect();
        let after = counted_through(self.connection)?;
        let new = tasks::table
            .filter(tasks::id.gt(after))
            .select((tasks::status, tasks::priority))
            .load_iter::<Values, _>(self.connection)?;
        for row in new {
            if let Some(value) = value_of(row?) {
                *counts.entry(value).or_default() += 1;
            }
        }
        Ok(counts.into_iter().map(|(value, rows)| (value, super::count(rows))).collect())
    }

    /// Returns the number of tasks that are not in the blocks.
    fn uncounted(&mut self, counted: Counted<'_>) -> QueryResult<i64> {
        let status = match counted {
            Counted::Users => return Ok(0),
            Counted::Tasks => None,
            Counted::TasksOfStatus(status) => Some(status),
        };
        let new = tasks::table
            .filter(tasks::id.gt(counted_through(self.connection)?))
            .select(count_star());
        match status {
            None => new.first(self.connection),
            Some(status) => new.filter(tasks::status.eq(status)).first(self.connection),
        }
    }

    fn blocks(&mut self, counted: Counted<'_>) -> QueryResult<Vec<(i64, i64)>> {
        let (kind, value) = counted.key();
        row_counts::table
            .filter(row_counts::kind.eq(kind).and(row_counts::value.eq(value)))
            .select((row_counts::block, row_counts::rows))
            .order(row_counts::block)
            .load(self.connection)
    }
}

/// Returns the id of the last task in the blocks; 0 if they are being rebuilt.
pub(super) fn counted_through(connection: &mut SqliteConnection) -> QueryResult<i64> {
    let mark = tasks_counted::table.select(tasks_counted::through).first(connection);
    mark.optional().map(Option::unwrap_or_default)
}

/// Adds the tasks of a range of ids to the blocks.
const COUNT: [&str; 3] = [
    "INSERT INTO row_counts SELECT 'tasks', '', id >> 12, count(*) FROM tasks
     WHERE id > ? AND id <= ? GROUP BY 3 ON CONFLICT DO UPDATE SET rows = rows + excluded.rows",
    "INSERT INTO row_counts SELECT 'status', status, id >> 12, count(*) FROM tasks
     WHERE id > ? AND id <= ? AND status IS NOT NULL GROUP BY 2, 3
     ON CONFLICT DO UPDATE SET rows = rows + excluded.rows",
    "INSERT INTO row_counts SELECT 'priority', priority, id >> 12, count(*) FROM tasks
     WHERE id > ? AND id <= ? AND priority IS NOT NULL GROUP BY 2, 3
     ON CONFLICT DO UPDATE SET rows = rows + excluded.rows",
];

/// Counts the tasks in a range of up to one block of ids. Returns whether there were any.
pub(super) fn count_some(connection: &mut SqliteConnection) -> QueryResult<bool> {
    let after = counted_through(connection)?;
    let newest: Option<i64> = tasks::table.select(max(tasks::id)).first(connection)?;
    let through = newest.unwrap_or(0).min(after + BLOCK);
    if through <= after {
        return Ok(false);
    }
    for count in COUNT {
        sql_query(count).bind::<BigInt, _>(after).bind::<BigInt, _>(through).execute(connection)?;
    }
    diesel::update(tasks_counted::table)
        .set(tasks_counted::through.eq(through))
        .execute(connection)?;
    Ok(true)
}

/// The query of a number of rows. SQLite adds up its hundreds of blocks.
#[derive(QueryId)]
struct Sum {
    kind: &'static str,
    value: String,
}

impl Query for Sum {
    type SqlType = BigInt;
}

impl QueryFragment<Sqlite> for Sum {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("SELECT coalesce(sum(rows), 0) FROM row_counts WHERE kind = ");
        out.push_bind_param::<Text, _>(self.kind)?;
        out.push_sql(" AND value = ");
        out.push_bind_param::<Text, _>(&self.value)
    }
}

impl RunQueryDsl<SqliteConnection> for Sum {}

/// The query of the number of rows for each value.
#[derive(QueryId)]
struct Sums {
    kind: &'static str,
}

impl Query for Sums {
    type SqlType = (Text, BigInt);
}

impl QueryFragment<Sqlite> for Sums {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("SELECT value, sum(rows) FROM row_counts WHERE kind = ");
        out.push_bind_param::<Text, _>(self.kind)?;
        out.push_sql(" GROUP BY value");
        Ok(())
    }
}

impl RunQueryDsl<SqliteConnection> for Sums {}
