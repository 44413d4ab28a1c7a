//! How many rows there are, kept by triggers for each block of numbers (`row_counts`): totals, and
//! the row at an offset, cost a look at the blocks and not at the rows.

use diesel::prelude::*;
use mcp_core::domain::{Page, Position};

use super::SqliteMemory;
use crate::sqlite::schema::row_counts;

/// How many numbers a block has, as the triggers in `migrations/sqlite` have it.
const BLOCK: i64 = 1 << 12;

/// What is counted.
#[derive(Clone, Copy)]
pub(super) enum Counted<'a> {
    Users,
    Tasks,
    TasksOfStatus(&'a str),
}

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
    /// How many rows there are.
    pub(super) fn total(&mut self, counted: Counted<'_>) -> QueryResult<u64> {
        let blocks = self.blocks(counted)?;
        Ok(super::count(blocks.into_iter().map(|(_, rows)| rows).sum()))
    }

    /// The same page with less to leave out: it begins behind the blocks that are left out whole.
    pub(super) fn nearer(&mut self, page: Page, counted: Counted<'_>) -> QueryResult<Page> {
        // A page that begins behind a row is never one that leaves rows out.
        if page.offset < BLOCK.unsigned_abs() || page.after.is_some() {
            return Ok(page);
        }
        let mut nearer = page;
        for (block, rows) in self.blocks(counted)? {
            let rows = super::count(rows);
            if nearer.offset < rows {
                break;
            }
            nearer.offset -= rows;
            nearer.after = Some(Position((block + 1) * BLOCK - 1));
        }
        Ok(nearer)
    }

    /// How many tasks there are of each status, or of each priority.
    pub(super) fn by_value(&mut self, kind: &str) -> QueryResult<Vec<(String, u64)>> {
        let rows: Vec<(String, i64)> = row_counts::table
            .filter(row_counts::kind.eq(kind))
            .select((row_counts::value, row_counts::rows))
            .order(row_counts::value)
            .load(self.connection)?;
        let mut counts: Vec<(String, u64)> = Vec::new();
        for (value, rows) in rows {
            match counts.last_mut() {
                Some((last, sum)) if *last == value => *sum += super::count(rows),
                _ => counts.push((value, super::count(rows))),
            }
        }
        Ok(counts)
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
