//! How many tasks there are of each status and of each priority: kept with every write, so that
//! nobody counts rows.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use mcp_core::domain::Task;

use crate::postgres::insert::insert_of_columns;
use crate::postgres::rows::Rows;
use crate::postgres::schema::task_counts;
use crate::postgres::text::{hash, original, stored};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::postgres) enum Kind {
    Status,
    Priority,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Priority => "priority",
        }
    }
}

/// That there are more or fewer tasks with a value.
#[derive(Clone, Debug)]
pub(in crate::postgres) struct Change {
    kind: Kind,
    value: String,
    by: i64,
}

/// Notes that there are so many more of such a task.
pub(super) fn note(changes: &mut Rows<Change>, task: &Task, by: i64) {
    for (kind, value) in [(Kind::Status, &task.status), (Kind::Priority, &task.priority)] {
        if let Some(value) = value {
            changes.push(Change { kind, value: value.clone(), by });
        }
    }
}

/// How many tasks have the value.
pub(super) fn count(
    connection: &mut PgConnection,
    kind: Kind,
    value: &str,
) -> QueryResult<Option<i64>> {
    task_counts::table
        .find((kind.name(), hash(value)))
        .select(task_counts::tasks)
        .first(connection)
        .optional()
}

/// Every value and how many tasks have it, in the order of their bytes.
pub(super) fn by_value(
    connection: &mut PgConnection,
    kind: Kind,
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

/// Adds the changes to what is stored.
pub(in crate::postgres) fn add_counts(
    connection: &mut PgConnection,
    changes: &[Change],
) -> QueryResult<()> {
    let mut sums = BTreeMap::<(Kind, &str), i64>::new();
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
        let known = task_counts::kind.eq_any([Kind::Status.name(), Kind::Priority.name()]);
        diesel::delete(task_counts::table.filter(known.and(of_none))).execute(connection)?;
    }
    Ok(())
}
