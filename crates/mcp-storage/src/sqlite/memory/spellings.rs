//! The table of spellings that are not composed, in SQLite ([`crate::spellings`]).

use diesel::prelude::*;

use crate::spellings::composed;
use crate::sqlite::schema::{config, spellings, tasks, users};

/// Returns the texts that a name may be stored as.
pub(super) fn spellings_of(
    connection: &mut SqliteConnection,
    name: &str,
) -> QueryResult<Vec<String>> {
    crate::spellings::spellings(name, |composed| {
        spellings::table
            .filter(spellings::name.eq(composed))
            .select(spellings::spelling)
            .order(spellings::spelling)
            .load(connection)
    })
}

/// Stores the spelling of a name that is about to be stored.
pub(super) fn note(connection: &mut SqliteConnection, spelling: &str) -> QueryResult<()> {
    let Some(name) = composed(spelling) else { return Ok(()) };
    diesel::insert_into(spellings::table)
        .values((spellings::name.eq(name), spellings::spelling.eq(spelling)))
        .on_conflict_do_nothing()
        .execute(connection)
        .map(|_| ())
}

/// Returns whether the spelling of a stored name is missing.
pub(in crate::sqlite) fn note_is_missing(
    connection: &mut SqliteConnection,
    spelling: &str,
) -> QueryResult<bool> {
    let Some(name) = composed(spelling) else { return Ok(false) };
    let noted = spellings::table.find((name, spelling)).select(spellings::spelling);
    Ok(noted.first::<String>(connection).optional()?.is_none())
}

/// Stores the spellings of all stored names.
pub(in crate::sqlite) fn note_all(connection: &mut SqliteConnection) -> QueryResult<()> {
    for name in uncomposed_names(connection)? {
        note(connection, &name)?;
    }
    Ok(())
}

/// Returns the names in all tables that are not composed.
pub(in crate::sqlite) fn uncomposed_names(
    connection: &mut SqliteConnection,
) -> QueryResult<Vec<String>> {
    let mut uncomposed = Vec::new();
    let mut take = |names: &mut dyn Iterator<Item = QueryResult<Option<String>>>| {
        for name in names {
            uncomposed.extend(name?.filter(|name| composed(name).is_some()));
        }
        Ok::<_, diesel::result::Error>(())
    };
    take(
        &mut users::table
            .select(users::username.nullable())
            .load_iter::<Option<String>, _>(connection)?,
    )?;
    take(
        &mut config::table
            .select(config::key.nullable())
            .load_iter::<Option<String>, _>(connection)?,
    )?;
    take(
        &mut tasks::table
            .select(tasks::status)
            .distinct()
            .load_iter::<Option<String>, _>(connection)?,
    )?;
    take(
        &mut tasks::table
            .select(tasks::assigned_to)
            .distinct()
            .load_iter::<Option<String>, _>(connection)?,
    )?;
    Ok(uncomposed)
}
