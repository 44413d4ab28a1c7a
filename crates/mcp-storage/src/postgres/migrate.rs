//! Migrations of the tables. Forward only, all steps in one transaction, one server at a time.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{Bool, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use mcp_core::domain::DEFAULT_CONFIG;

use super::address::PostgresUrl;
use super::counters::Counters;
use super::memory::compose_all;
use super::schema::config;
use super::text;
use crate::OpenError;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Takes the lock with the id `mcpmig` in ASCII. Its scope is the database.
const LOCK: &str = "SELECT pg_advisory_xact_lock(120273855408487)";

/// The migration after which the server composes names and texts.
const SPELLINGS: &str = "20261130200000";

/// The limits of this transaction: another server may be migrating many rows.
const LIMITS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10min';
     SET LOCAL idle_in_transaction_session_timeout = 0";

/// Runs the missing migrations. A new database gets the default configuration.
pub(super) fn run(connection: &mut PgConnection, url: &PostgresUrl) -> Result<(), OpenError> {
    connection.transaction(migrate).map_err(|fault| match fault {
        Fault::Newer(version) => OpenError::Newer(url.to_string(), version),
        Fault::Failed(message) => OpenError::Failed(url.to_string(), url.hide(&message)),
    })
}

/// The reason why the tables are unchanged.
enum Fault {
    Newer(String),
    Failed(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<Box<dyn std::error::Error + Send + Sync>> for Fault {
    fn from(error: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Makes other servers that change tables wait until this transaction ends.
pub(super) fn one_at_a_time(connection: &mut PgConnection) -> QueryResult<()> {
    connection.batch_execute(LIMITS)?;
    // In a savepoint: without advisory locks, the transaction continues.
    let locked = connection.transaction(|connection| connection.batch_execute(LOCK));
    if let Err(error) = locked {
        log::warn!(
            "this database has no advisory locks ({error}): start one server first, and the others when \
             it is ready"
        );
    }
    Ok(())
}

fn migrate(connection: &mut PgConnection) -> Result<(), Fault> {
    one_at_a_time(connection)?;
    let encoding: String =
        diesel::select(sql::<Text>("current_setting('server_encoding')")).first(connection)?;
    if encoding != "UTF8" {
        let message = format!("its encoding is {encoding}; create it with ENCODING 'UTF8'");
        return Err(Fault::Failed(message));
    }
    let is_ours: bool =
        diesel::select(sql::<Bool>("to_regclass('__diesel_schema_migrations') IS NOT NULL"))
            .first(connection)?;
    let is_taken: bool = diesel::select(sql::<Bool>(
        "to_regclass('users') IS NOT NULL OR to_regclass('tasks') IS NOT NULL
         OR to_regclass('config') IS NOT NULL OR to_regclass('logs') IS NOT NULL
         OR to_regclass('counters') IS NOT NULL OR to_regclass('documents') IS NOT NULL",
    ))
    .first(connection)?;
    if is_taken && !is_ours {
        return Err(Fault::Failed(
            "it contains tables of another program; it was not changed".into(),
        ));
    }
    let known = known()?;
    let applied = connection.applied_migrations()?;
    if let Some(newer) = applied.iter().map(ToString::to_string).find(|it| !known.contains(it)) {
        return Err(Fault::Newer(newer));
    }
    let is_new = applied.is_empty();
    let is_composed = applied.iter().any(|version| version.to_string() == SPELLINGS);
    connection.run_pending_migrations(MIGRATIONS)?;
    if !is_composed {
        compose_all(connection)?;
    }
    if is_new {
        let counters = Counters::default();
        counters.insert(connection)?;
        insert_defaults(connection, counters, 0)?.write(connection)?;
    }
    Ok(())
}

/// Inserts the default configuration into empty tables. `now` is in microseconds.
pub(super) fn insert_defaults(
    connection: &mut PgConnection,
    mut counters: Counters,
    now: i64,
) -> QueryResult<Counters> {
    for (key, value) in DEFAULT_CONFIG {
        counters.last_config += 1;
        diesel::insert_into(config::table)
            .values((
                config::id.eq(counters.last_config),
                config::name_hash.eq(text::hash(key)),
                config::key.eq(key),
                config::value.eq(value),
                config::created_at.eq(now),
                config::updated_at.eq(now),
            ))
            .execute(connection)?;
    }
    Ok(counters)
}

fn known() -> diesel::migration::Result<Vec<String>> {
    let migrations: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations()?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}
