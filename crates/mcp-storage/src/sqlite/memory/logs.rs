//! The log of actions in SQLite.

use diesel::dsl::{count_star, max};
use diesel::prelude::*;
use mcp_core::Timestamp;
use mcp_core::domain::{LogEntry, Page};
use mcp_core::memory::{Logs, StoreResult};

use super::{SqliteMemory, count, json, limit, offset};
use crate::sqlite::error::store_error;
use crate::sqlite::schema::logs;

impl Logs for SqliteMemory<'_> {
    fn append_log(&mut self, entry: &LogEntry) -> StoreResult<()> {
        diesel::insert_into(logs::table)
            .values((
                logs::timestamp.eq(entry.timestamp.as_micros()),
                logs::action.eq(&entry.action),
                logs::payload.eq(entry.payload.get()),
                logs::status.eq(&entry.status),
            ))
            .execute(self.connection)
            .map(|_| ())
            .map_err(store_error)
    }

    fn newest_logs(&mut self, page: Page) -> StoreResult<Vec<LogEntry>> {
        let mut rows: Vec<(i64, String, String, String)> = logs::table
            .select((logs::timestamp, logs::action, logs::payload, logs::status))
            .order(logs::id.desc())
            .limit(limit(page))
            .offset(offset(page))
            .load(self.connection)
            .map_err(store_error)?;
        rows.reverse();
        rows.into_iter()
            .map(|(timestamp, action, payload, status)| {
                let timestamp = Timestamp::from_micros(timestamp);
                Ok(LogEntry { timestamp, action, payload: json(payload)?, status })
            })
            .collect()
    }

    fn count_logs(&mut self) -> StoreResult<u64> {
        logs::table.select(count_star()).first(self.connection).map(count).map_err(store_error)
    }
}

/// Removes what is older than the newest `retention` entries. Numbers have no gaps, so this is a
/// range at the old end of the primary key: it costs what it removes.
pub(in crate::sqlite) fn trim_logs(
    connection: &mut SqliteConnection,
    retention: u32,
) -> QueryResult<()> {
    let newest: Option<i64> = logs::table.select(max(logs::id)).first(connection)?;
    let Some(newest) = newest else { return Ok(()) };
    diesel::delete(logs::table.filter(logs::id.le(newest - i64::from(retention))))
        .execute(connection)
        .map(|_| ())
}
