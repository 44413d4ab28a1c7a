//! Migrations of the tables. Forward only, all missing steps in one transaction: an interrupted
//! migration leaves the database unchanged.

use diesel::migration::{Migration, MigrationSource};
use diesel::result::Error;
use diesel::sqlite::Sqlite;
use diesel::{RunQueryDsl, SqliteConnection, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use mcp_core::domain::DEFAULT_CONFIG;

use super::memory::note_all;
use super::{OpenError, connection};
use crate::Location;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// The migration that creates a table which only the server can fill.
const SPELLINGS: &str = "20261130200000";

/// Runs the missing migrations in one transaction. A new database gets the default configuration.
pub(super) fn run(connection: &mut SqliteConnection, location: &Location) -> Result<(), OpenError> {
    let mut outcome = Ok(());
    let transaction = connection.immediate_transaction(|connection| {
        outcome = run_inside(connection, location);
        if outcome.is_err() { Err(Error::RollbackTransaction) } else { Ok(()) }
    });
    outcome?;
    transaction.map_err(|error| connection::failed(location, &error.to_string()))
}

/// Runs the missing migrations inside an open transaction.
pub(super) fn run_inside(
    connection: &mut SqliteConnection,
    location: &Location,
) -> Result<(), OpenError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        connection::failed(location, &error.to_string())
    };
    let applied = connection.applied_migrations().map_err(failed)?;
    refuse_newer(applied.iter().map(ToString::to_string), location)?;
    let is_new = applied.is_empty();
    let has_spellings = applied.iter().any(|version| version.to_string() == SPELLINGS);
    connection.run_pending_migrations(MIGRATIONS).map_err(failed)?;
    if !has_spellings {
        note_all(connection).map_err(|error| failed(error.into()))?;
    }
    if is_new {
        insert_defaults(connection, 0).map_err(|error| failed(error.into()))?;
    }
    Ok(())
}

/// Rejects a database with an unknown migration.
pub(super) fn refuse_newer(
    applied: impl IntoIterator<Item = String>,
    location: &Location,
) -> Result<(), OpenError> {
    let known = known();
    match applied.into_iter().find(|version| !known.contains(version)) {
        Some(newer) => Err(OpenError::Newer(location.to_string(), newer)),
        None => Ok(()),
    }
}

/// Returns this version's last migration.
pub(super) fn newest() -> String {
    known().pop().expect("there is a first migration")
}

/// Inserts the default configuration, except existing keys. `now` is in microseconds.
pub(super) fn insert_defaults(
    connection: &mut SqliteConnection,
    now: i64,
) -> diesel::QueryResult<()> {
    use diesel::sql_types::{BigInt, Text};
    for (key, value) in DEFAULT_CONFIG {
        sql_query(
            "INSERT INTO config (key, value, created_at, updated_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (key) DO NOTHING",
        )
        .bind::<Text, _>(key)
        .bind::<Text, _>(value)
        .bind::<BigInt, _>(now)
        .bind::<BigInt, _>(now)
        .execute(connection)?;
    }
    Ok(())
}

/// Returns every migration, oldest first.
fn known() -> Vec<String> {
    let migrations: Vec<Box<dyn Migration<Sqlite>>> =
        MIGRATIONS.migrations().expect("the migrations are compiled in");
    let mut versions: Vec<String> =
        migrations.iter().map(|migration| migration.name().version().to_string()).collect();
    versions.sort_unstable();
    versions
}
