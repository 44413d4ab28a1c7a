//! Connections and what is set on each.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mcp_core::StoreError;

use super::address::PostgresUrl;

/// How long a statement waits for another's lock.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// How long a transaction may stand still before the database ends it. A server that hangs in the
/// middle of a commit keeps the others from writing for so long.
const IDLE_WAIT: Duration = Duration::from_secs(15);

/// Diesel keeps the SQLSTATE of an error to itself, so errors are known by their words. Only some may
/// choose the language: who may not keeps what the server is set to.
const ENGLISH: &str = "SET lc_messages = 'C'";

/// An answered write is on the disk, also where the server or the role is set otherwise.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false)
     WHERE current_setting('synchronous_commit') = 'off'";

/// Plans are made for the values that are bound. PostgreSQL otherwise plans a statement from its sixth
/// execution on without them, and then walks the table for a search or a rare status.
const PLANNED: &str = "SET plan_cache_mode = force_custom_plan";

/// Opens connections.
#[derive(Clone)]
pub(super) struct Connector {
    url: PostgresUrl,
    /// What is set on every connection.
    limits: String,
}

impl Connector {
    pub(super) fn new(url: &PostgresUrl, statement_timeout: Duration) -> Self {
        let limits = format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; \
             SET idle_in_transaction_session_timeout = {};",
            statement_timeout.as_millis(),
            LOCK_WAIT.min(statement_timeout).as_millis(),
            IDLE_WAIT.as_millis(),
        );
        Self { url: url.clone(), limits }
    }

    /// A new connection, or one line that says why there is none.
    pub(super) fn connect(&self) -> Result<PgConnection, String> {
        let hide = |error: &dyn std::fmt::Display| self.url.hide(&error.to_string());
        let mut connection =
            PgConnection::establish(self.url.as_str()).map_err(|error| hide(&error))?;
        connection.batch_execute(&self.limits).map_err(|error| hide(&error))?;
        for wish in [ENGLISH, DURABLE, PLANNED] {
            if let Err(error) = connection.batch_execute(wish) {
                log::debug!("PostgreSQL refused {wish:?}: {}", hide(&error));
            }
        }
        Ok(connection)
    }

    /// The same as the port's error.
    pub(super) fn connect_for_work(&self) -> Result<PgConnection, StoreError> {
        self.connect().map_err(StoreError::Unavailable)
    }

    pub(super) fn url(&self) -> &PostgresUrl {
        &self.url
    }
}
