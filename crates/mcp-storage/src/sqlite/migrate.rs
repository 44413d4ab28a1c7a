//! Brings the tables to the form that this version knows. Forward only, each step in a
//! transaction of its own.

use diesel::migration::{Migration, MigrationSource};
use diesel::sqlite::Sqlite;
use diesel::{RunQueryDsl, SqliteConnection, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use mcp_core::domain::DEFAULT_CONFIG;

use super::{OpenError, connection};
use crate::Location;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Runs what is missing. A new database gets the default configuration.
pub(super) fn run(connection: &mut SqliteConnection, location: &Location) -> Result<(), OpenError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        connection::failed(location, &error.to_string())
    };
    let known = known().map_err(failed)?;
    let applied = connection.applied_migrations().map_err(failed)?;
    if let Some(newer) = applied.iter().map(ToString::to_string).find(|v| !known.contains(v)) {
        return Err(OpenError::Newer(location.to_string(), newer));
    }
    let is_new = applied.is_empty();
    connection.run_pending_migrations(MIGRATIONS).map_err(failed)?;
    if is_new {
        insert_defaults(connection, 0).map_err(|error| failed(error.into()))?;
    }
    Ok(())
}

/// Puts the default configuration where it is not set. `now` is in microseconds.
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

fn known() -> diesel::migration::Result<Vec<String>> {
    let migrations: Vec<Box<dyn Migration<Sqlite>>> = MIGRATIONS.migrations()?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}
