//! The numbers of tasks by status and by priority. Every write updates them, so that no query
//! counts rows.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use mcp_core::domain::Task;

use crate::postgres::insert::insert_of_columns;
use crate::postgres::pending::Pending;
use crate::postgres::schema::task_counts;
use crate::postgres::text::{hash, original, stored};

/// A column whose values are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::postgres) enum CountedField {
    Status,
    Priority,
}

impl CountedField {
    const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Priority => "priority",
        }
    }
}

/// A change in the number of tasks with a value.
#[derive(Clone, Debug)]
pub(in crate::postgres) struct CountChange {
    kind: CountedField,
    value: String,
    by: i64,
}

/// Adds the changes of `by` such tasks.
pub(super) fn note(changes: &mut Pending<CountChange>, task: &Task, by: i64) {
    for (kind, value) in
        [(CountedField::Status, &task.status), (CountedField::Priority, &task.priority)]
    {
        if let Some(value) = value {
            changes.push(CountChange { kind, value: value.clone(), by });
        }
    }
}

/// Returns the number of tasks with the value.
pub(super) fn count(
    connection: &mut PgConnection,
    kind: CountedField,
    value: &str,
) -> QueryResult<Option<i64>> {
    task_counts::table
        .find((kind.name(), hash(value)))
        .select(task_counts::tasks)
        .first(connection)
        .optional()
}

/// Returns every value and its number of tasks, in byte order.
pub(super) fn by_value(
    connection: &mut PgConnection,
    kind: CountedField,
) -> QueryResult<Vec<(String, u64)>> {
    let rows: Vec<(String, i64)> = task_counts::table
        .filter(task_counts::kind.eq(kind.name()).and(task_counts::tasks.gt(0)))
        .select((task_counts::value, task_counts::tasks))
        .load(connection)?;
    let named = rows.into_iter().map(|(value, tasks)| (original(value), super::count(tasks)));
    let mut named: Vec<_> = named.collect();
    named.sort();
    Ok(named)
}

insert_of_columns!(
    AddCounts,
    "INSERT INTO task_counts (kind, value_hash, value, tasks)",
    [kinds: Text = &'static str, hashes: Binary = Vec<u8>, values: Text = String, by: BigInt = i64],
    "ON CONFLICT (kind, value_hash) DO UPDATE SET tasks = task_counts.tasks + excluded.tasks"
);

/// Adds the changes to the stored counts.
pub(in crate::postgres) fn add_counts(
    connection: &mut PgConnection,
    changes: &[CountChange],
) -> QueryResult<()> {
    let mut sums = BTreeMap::<(CountedField, &str), i64>::new();
    for change in changes {
        *sums.entry((change.kind, &change.value)).or_default() += change.by;
    }
    sums.retain(|_, by| *by != 0);
    let kinds: Vec<&'static str> = sums.keys().map(|(kind, _)| kind.name()).collect();
    let hashes: Vec<Vec<u8>> = sums.keys().map(|(_, value)| hash(value)).collect();
    let values: Vec<String> = sums.keys().map(|(_, value)| stored(value).into_owned()).collect();
    let by: Vec<i64> = sums.values().copied().collect();
    if by.is_empty() {
        return Ok(());
    }
    let fewer = by.iter().any(|by| *by < 0);
    AddCounts { kinds, hashes: hashes.clone(), values, by }.execute(connection)?;
    if fewer {
        let of_none = task_counts::tasks.eq(0).and(task_counts::value_hash.eq_any(hashes));
        let known =
            task_counts::kind.eq_any([CountedField::Status.name(), CountedField::Priority.name()]);
        diesel::delete(task_counts::table.filter(known.and(of_none))).execute(connection)?;
    }
    Ok(())
}
