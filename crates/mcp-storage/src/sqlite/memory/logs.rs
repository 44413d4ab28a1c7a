//! The log of actions in SQLite.

use diesel::dsl::{max, min};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use mcp_core::Timestamp;
use mcp_core::domain::{LogEntry, LogRange, Page, Part, Position};
use mcp_core::memory::{Logs, StoreResult};

use super::{SqliteMemory, count, json, with_deadline};
use crate::sqlite::error::store_error;
use crate::sqlite::insert::insert;
use crate::sqlite::schema::logs;

impl Logs for SqliteMemory<'_> {
    fn append_log(&mut self, entry: &LogEntry) -> StoreResult<()> {
        if self.retention == 0 {
            return Ok(());
        }
        self.insert_log(entry).map_err(store_error)
    }

    fn log_range(&mut self, limit: Option<u64>, offset: u64) -> StoreResult<LogRange> {
        let (oldest, newest) = self.log_ends().map_err(store_error)?;
        let back = |from: i64, by: u64| from.saturating_sub_unsigned(by).max(oldest - 1);
        let through = back(newest, offset);
        let after = limit.map_or(oldest - 1, |limit| back(through, limit));
        Ok(LogRange { after: Position(after), through: Position(through) })
    }

    fn list_logs(&mut self, range: LogRange, page: Page) -> StoreResult<Part<LogEntry>> {
        let Position(after) = page.after.map_or(range.after, |after| after.max(range.after));
        let rows = logs::table
            .select((logs::id, logs::timestamp, logs::action, logs::payload, logs::status))
            .filter(logs::id.gt(after).and(logs::id.le(range.through.0)))
            .order(logs::id)
            .load_iter::<(i64, i64, String, String, String), _>(self.connection)
            .map_err(store_error)?;
        let rows = with_deadline(self.until, rows).map(|row| {
            let (id, timestamp, action, payload, status) = row.map_err(store_error)?;
            let timestamp = Timestamp::from_micros(timestamp);
            let entry = LogEntry { timestamp, action, payload: json(payload)?, status };
            let size = entry.size();
            Ok((Position(id), entry, size))
        });
        page.take(rows)
    }

    fn count_logs(&mut self) -> StoreResult<u64> {
        let (oldest, newest) = self.log_ends().map_err(store_error)?;
        Ok(count(newest + 1 - oldest))
    }
}

insert!(Insert, "logs", [
    timestamp: BigInt = i64,
    action: Text = &'a str,
    payload: Text = &'a str,
    status: Text = &'a str,
]);

impl SqliteMemory<'_> {
    pub(in crate::sqlite) fn insert_log(&mut self, entry: &LogEntry) -> QueryResult<()> {
        let row = Insert {
            timestamp: entry.timestamp.as_micros(),
            action: &entry.action,
            payload: entry.payload.get(),
            status: &entry.status,
        };
        row.execute(self.connection).map(|_| ())
    }

    /// Returns the ids of the oldest and the newest entry; without entries, the oldest is one above
    /// the newest. Ids have no gaps, so they also give the number of entries.
    fn log_ends(&mut self) -> QueryResult<(i64, i64)> {
        // Two queries: SQLite finds one end in the index, but reads all rows to find both.
        let oldest: Option<i64> = logs::table.select(min(logs::id)).first(self.connection)?;
        let newest: Option<i64> = logs::table.select(max(logs::id)).first(self.connection)?;
        let (oldest, newest) = (oldest.unwrap_or(1), newest.unwrap_or(0));
        Ok((oldest.max(newest + 1 - i64::from(self.retention)), newest))
    }
}

/// Removes the entries beyond the newest `retention` if there are more than `spare`. Ids have no
/// gaps, so this deletes a range at the start of the primary key, whose cost depends only on the
/// removed entries.
pub(in crate::sqlite) fn trim_logs(
    connection: &mut SqliteConnection,
    retention: u32,
    spare: u32,
) -> QueryResult<()> {
    let oldest: Option<i64> = logs::table.select(min(logs::id)).first(connection)?;
    let newest: Option<i64> = logs::table.select(max(logs::id)).first(connection)?;
    let (Some(oldest), Some(newest)) = (oldest, newest) else { return Ok(()) };
    let last_gone = newest - i64::from(retention);
    if last_gone - oldest < i64::from(spare) {
        return Ok(());
    }
    diesel::delete(logs::table.filter(logs::id.le(last_gone))).execute(connection).map(|_| ())
}
