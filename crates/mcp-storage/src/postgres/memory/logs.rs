//! The log of actions in PostgreSQL.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text};
use mcp_core::Timestamp;
use mcp_core::domain::{LogEntry, Page};
use mcp_core::memory::{Logs, StoreResult};

use super::{PostgresMemory, Sees, count, json, limit, offset};
use crate::postgres::error::store_error;
use crate::postgres::schema::logs;
use crate::postgres::text::{original, stored};
use crate::postgres::writing::LARGE_ROW;

impl Logs for PostgresMemory<'_> {
    fn append_log(&mut self, entry: &LogEntry) -> StoreResult<()> {
        let writing = self.written()?;
        let number = writing.counters.last_log + 1;
        writing.counters.last_log = number;
        writing.logs.push((number, entry.clone()));
        if entry.payload.get().len() + entry.action.len() > LARGE_ROW {
            self.database(Sees::Logs)?;
        }
        Ok(())
    }

    fn newest_logs(&mut self, page: Page) -> StoreResult<Vec<LogEntry>> {
        let mut query = logs::table
            .select((logs::timestamp, logs::action, logs::payload, logs::status))
            .order(logs::id.desc())
            .offset(offset(page))
            .into_boxed();
        if let Some(limit) = limit(page) {
            query = query.limit(limit);
        }
        let mut rows: Vec<(i64, String, String, String)> =
            query.load(self.database(Sees::Logs)?).map_err(store_error)?;
        rows.reverse();
        rows.into_iter()
            .map(|(timestamp, action, payload, status)| {
                let timestamp = Timestamp::from_micros(timestamp);
                Ok(LogEntry {
                    timestamp,
                    action: original(action),
                    payload: json(payload)?,
                    status,
                })
            })
            .collect()
    }

    fn count_logs(&mut self) -> StoreResult<u64> {
        let counters = self.counters()?;
        Ok(count(counters.last_log - counters.forgotten_log))
    }
}

/// Stores entries under their numbers.
pub(in crate::postgres) fn insert_logs(
    connection: &mut PgConnection,
    entries: &[(i64, LogEntry)],
) -> QueryResult<()> {
    let of = |column: fn(&LogEntry) -> String| -> Vec<String> {
        entries.iter().map(|(_, entry)| column(entry)).collect()
    };
    let numbers: Vec<i64> = entries.iter().map(|(number, _)| *number).collect();
    let times: Vec<i64> = entries.iter().map(|(_, entry)| entry.timestamp.as_micros()).collect();
    sql_query(
        "INSERT INTO logs (id, timestamp, action, payload, status)
         SELECT * FROM unnest($1, $2, $3, $4, $5)",
    )
    .bind::<Array<BigInt>, _>(numbers)
    .bind::<Array<BigInt>, _>(times)
    .bind::<Array<Text>, _>(of(|entry| stored(&entry.action).into_owned()))
    .bind::<Array<Text>, _>(of(|entry| entry.payload.get().to_owned()))
    .bind::<Array<Text>, _>(of(|entry| entry.status.clone()))
    .execute(connection)
    .map(|_| ())
}

/// Removes the entries behind `after` and up to `through`.
pub(in crate::postgres) fn delete_logs(
    connection: &mut PgConnection,
    after: i64,
    through: i64,
) -> QueryResult<()> {
    diesel::delete(logs::table.filter(logs::id.gt(after).and(logs::id.le(through))))
        .execute(connection)
        .map(|_| ())
}
