//! The log of actions in PostgreSQL.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use mcp_core::Timestamp;
use mcp_core::domain::{LogEntry, LogRange, Page, Part, Position};
use mcp_core::memory::{Logs, StoreResult};

use super::{Flush, PostgresMemory, after_id, count, json, part};
use crate::postgres::counters::Counters;
use crate::postgres::insert::insert_of_columns;
use crate::postgres::schema::logs;
use crate::postgres::text::{original, stored};
use crate::postgres::write_transaction::LARGE_ROW;

impl Logs for PostgresMemory<'_> {
    fn append_log(&mut self, entry: &LogEntry) -> StoreResult<()> {
        let writing = self.written()?;
        let number = writing.counters.last_log + 1;
        writing.counters.last_log = number;
        writing.logs.push((number, entry.clone()));
        if entry.size() > LARGE_ROW {
            self.database(Flush::Logs)?;
        }
        Ok(())
    }

    fn log_range(&mut self, limit: Option<u64>, offset: u64) -> StoreResult<LogRange> {
        let Counters { last_log, forgotten_log, .. } = self.counters()?;
        let back = |from: i64, by: u64| from.saturating_sub_unsigned(by).max(forgotten_log);
        let through = back(last_log, offset);
        let after = limit.map_or(forgotten_log, |limit| back(through, limit));
        Ok(LogRange { after: Position(after), through: Position(through) })
    }

    fn list_logs(&mut self, range: LogRange, page: Page) -> StoreResult<Part<LogEntry>> {
        let after = page.after.map_or(range.after, |after| after.max(range.after));
        let page = Page { after: Some(after), ..page };
        let entries = part(self.database(Flush::Logs)?, page, |connection, rows| {
            let entries = logs::table
                .select((logs::id, logs::timestamp, logs::action, logs::payload, logs::status))
                .filter(logs::id.gt(after_id(rows.after)).and(logs::id.le(range.through.0)))
                .order(logs::id)
                .limit(rows.limit)
                .offset(rows.offset)
                .load::<(i64, i64, String, String, String)>(connection)?;
            Ok(entries
                .into_iter()
                .map(|entry| {
                    let size = entry.2.len() + entry.3.len();
                    (Position(entry.0), entry, size)
                })
                .collect())
        })?;
        let read = |(position, (_, timestamp, action, payload, status))| {
            let timestamp = Timestamp::from_micros(timestamp);
            let action = original(action);
            Ok((position, LogEntry { timestamp, action, payload: json(payload)?, status }))
        };
        let rows = entries.rows.into_iter().map(read).collect::<StoreResult<_>>()?;
        Ok(Part { rows, next: entries.next })
    }

    fn count_logs(&mut self) -> StoreResult<u64> {
        let counters = self.counters()?;
        Ok(count(counters.last_log - counters.forgotten_log))
    }
}

insert_of_columns!(
    InsertLogs,
    "INSERT INTO logs (id, timestamp, action, payload, status)",
    [
        numbers: BigInt = i64,
        times: BigInt = i64,
        actions: Text = String,
        payloads: Text = String,
        statuses: Text = String,
    ],
    ""
);

/// Stores entries with their ids.
pub(in crate::postgres) fn insert_logs(
    connection: &mut PgConnection,
    entries: &[(i64, LogEntry)],
) -> QueryResult<()> {
    let of = |column: fn(&LogEntry) -> String| -> Vec<String> {
        entries.iter().map(|(_, entry)| column(entry)).collect()
    };
    let numbers: Vec<i64> = entries.iter().map(|(number, _)| *number).collect();
    let times: Vec<i64> = entries.iter().map(|(_, entry)| entry.timestamp.as_micros()).collect();
    let insert = InsertLogs {
        numbers,
        times,
        actions: of(|entry| stored(&entry.action).into_owned()),
        payloads: of(|entry| entry.payload.get().to_owned()),
        statuses: of(|entry| entry.status.clone()),
    };
    insert.execute(connection).map(|_| ())
}

/// Removes the entries after `after`, up to `through`.
pub(in crate::postgres) fn delete_logs(
    connection: &mut PgConnection,
    after: i64,
    through: i64,
) -> QueryResult<()> {
    diesel::delete(logs::table.filter(logs::id.gt(after).and(logs::id.le(through))))
        .execute(connection)
        .map(|_| ())
}
