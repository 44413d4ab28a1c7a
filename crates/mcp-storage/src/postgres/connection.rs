//! Connections and their settings.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mcp_core::StoreError;

use super::address::PostgresUrl;

/// The timeout of a lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a transaction may be idle before the database ends it. A server that hangs inside a
/// transaction blocks the other servers for that long.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// Makes messages English. Diesel does not expose the SQLSTATE of an error, so errors are
/// recognized by their text. Users without the privilege keep the server's language.
const ENGLISH: &str = "SET lc_messages = 'C'";

/// Commits durably, even if the server or the role is configured otherwise.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false)
     WHERE current_setting('synchronous_commit') = 'off'";

/// Plans each statement for its values. By default, PostgreSQL switches to a generic plan at the
/// sixth execution, which scans the whole table for a search or a rare status.
const PLANNED: &str = "SET plan_cache_mode = force_custom_plan";

/// Opens connections.
#[derive(Clone)]
pub(super) struct Connector {
    url: PostgresUrl,
    /// The statements that set the timeouts of a connection.
    limits: String,
}

impl Connector {
    pub(super) fn new(url: &PostgresUrl, statement_timeout: Duration) -> Self {
        let limits = format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; \
             SET idle_in_transaction_session_timeout = {};",
            statement_timeout.as_millis(),
            LOCK_TIMEOUT.min(statement_timeout).as_millis(),
            IDLE_TIMEOUT.as_millis(),
        );
        Self { url: url.clone(), limits }
    }

    /// Opens a connection. The error is one line.
    pub(super) fn connect(&self) -> Result<PgConnection, String> {
        let hide = |error: &dyn std::fmt::Display| self.url.hide(&error.to_string());
        let mut connection =
            PgConnection::establish(self.url.as_str()).map_err(|error| hide(&error))?;
        connection.batch_execute(&self.limits).map_err(|error| hide(&error))?;
        for setting in [ENGLISH, DURABLE, PLANNED] {
            if let Err(error) = connection.batch_execute(setting) {
                log::debug!("PostgreSQL rejected {setting:?}: {}", hide(&error));
            }
        }
        Ok(connection)
    }

    /// Opens a connection for a job or a read.
    pub(super) fn connect_for_work(&self) -> Result<PgConnection, StoreError> {
        self.connect().map_err(StoreError::Unavailable)
    }

    pub(super) fn url(&self) -> &PostgresUrl {
        &self.url
    }
}
