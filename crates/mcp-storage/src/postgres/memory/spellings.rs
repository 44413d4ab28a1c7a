//! The table of spellings that are not composed, in PostgreSQL ([`crate::spellings`]).

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text};

use super::tasks::{Searched, folded};
use crate::postgres::schema::spellings;
use crate::postgres::text::{hash, original, stored};
use crate::spellings::composed;

/// Returns the texts that a name may be stored as.
pub(super) fn spellings_of(connection: &mut PgConnection, name: &str) -> QueryResult<Vec<String>> {
    crate::spellings::spellings(name, |composed| {
        let noted: Vec<String> = spellings::table
            .filter(spellings::name_hash.eq(hash(composed)))
            .select(spellings::spelling)
            .load(connection)?;
        let mut noted: Vec<String> = noted.into_iter().map(original).collect();
        noted.sort();
        Ok(noted)
    })
}

/// Stores the spelling of a name that is about to be stored. `name` is the composed one.
pub(super) fn note(connection: &mut PgConnection, name: &str, spelling: &str) -> QueryResult<()> {
    diesel::insert_into(spellings::table)
        .values((
            spellings::name_hash.eq(hash(name)),
            spellings::spelling_hash.eq(hash(spelling)),
            spellings::spelling.eq(stored(spelling)),
        ))
        .on_conflict_do_nothing()
        .execute(connection)
        .map(|_| ())
}

/// Stores the spellings of all stored names, and folds the tasks' texts again.
pub(in crate::postgres) fn compose_all(connection: &mut PgConnection) -> QueryResult<()> {
    for (table, column) in
        [("users", "username"), ("config", "key"), ("tasks", "status"), ("tasks", "assigned_to")]
    {
        // A text of single-byte letters is composed.
        let names: Vec<NameRow> = sql_query(format!(
            "SELECT DISTINCT {column} AS name FROM {table}
             WHERE octet_length({column}) <> char_length({column})"
        ))
        .load(connection)?;
        for spelling in names.into_iter().map(|it| original(it.name)) {
            if let Some(name) = composed(&spelling) {
                note(connection, &name, &spelling)?;
            }
        }
    }
    fold_all(connection)
}

/// The number of tasks that are folded at once.
const AT_ONCE: i64 = 512;

fn fold_all(connection: &mut PgConnection) -> QueryResult<()> {
    let mut after = 0;
    loop {
        let rows: Vec<Searched> = sql_query(
            "SELECT id, title, description, folded FROM tasks
             WHERE id > $1 AND octet_length(folded) <> char_length(folded) ORDER BY id LIMIT $2",
        )
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(AT_ONCE)
        .load(connection)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.id;
        let (ids, texts): (Vec<i64>, Vec<String>) = rows
            .into_iter()
            .map(|row| (row.id, folded_anew(&row), row.folded))
            .filter(|(_, new, old)| new != old)
            .map(|(id, new, _)| (id, new))
            .unzip();
        sql_query(
            "UPDATE tasks SET folded = new.folded
             FROM unnest($1, $2) AS new (id, folded) WHERE tasks.id = new.id",
        )
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Array<Text>, _>(texts)
        .execute(connection)?;
    }
}

fn folded_anew(row: &Searched) -> String {
    folded(&original(row.title.clone()), row.description.clone().map(original).as_deref())
}

#[derive(QueryableByName)]
struct NameRow {
    #[diesel(sql_type = Text)]
    name: String,
}
