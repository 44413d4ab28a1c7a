//! The writer's connection: opened on demand, closed after an error.

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use mcp_core::memory::{StoreError, StoreResult};

use super::connection::Connector;
use super::counters::Counters;
use super::error::{is_alive, is_conflict, one_line, store_error, store_error_on};

/// The maximum number of attempts to begin a transaction that conflicts with another.
const MAX_ATTEMPTS: u32 = 10;

/// The writer's connection, if it is open.
pub(super) struct Session {
    connector: Connector,
    connection: Option<PgConnection>,
}

impl Session {
    pub(super) fn new(connector: Connector, connection: PgConnection) -> Self {
        Self { connector, connection: Some(connection) }
    }

    /// Begins a transaction that writes, and locks out other writers.
    ///
    /// No work has run yet, so the beginning can be repeated: on a new connection if the old one has
    /// broken since its last use, and after a serialization failure, with which distributed databases
    /// reject the later of two writers.
    pub(super) fn begin(&mut self) -> StoreResult<(&mut PgConnection, Counters)> {
        let mut attempts = 0;
        let counters = loop {
            let is_new = self.connection.is_none();
            let connection = self.connection()?;
            match begin(connection) {
                Ok(counters) => break counters,
                Err(error) => {
                    attempts += 1;
                    let alive = is_alive(connection);
                    let again = if alive { is_conflict(&error) } else { !is_new };
                    let error = store_error_on(connection, error);
                    if !alive {
                        self.throw_away();
                    }
                    if attempts == MAX_ATTEMPTS || !again {
                        return Err(error);
                    }
                }
            }
        };
        Ok((self.connection()?, counters))
    }

    /// Closes the connection after an error. Returns the error, which may be that the connection is
    /// broken.
    pub(super) fn give_up(&mut self, fault: StoreError) -> StoreError {
        let died = self.connection.as_mut().is_some_and(|connection| !is_alive(connection));
        let fault = match fault {
            StoreError::Failed(message) if died => StoreError::Unavailable(message),
            fault => fault,
        };
        self.throw_away();
        fault
    }

    /// Closes the connection. This rolls back an open transaction.
    pub(super) fn throw_away(&mut self) {
        self.connection = None;
    }

    fn connection(&mut self) -> StoreResult<&mut PgConnection> {
        if self.connection.is_none() {
            self.connection = Some(self.connector.connect_for_work()?);
        }
        Ok(self.connection.as_mut().expect("opened above"))
    }
}

/// Begins with READ COMMITTED: the row's lock serializes the writers, and its holder flush all
/// earlier commits.
fn begin(connection: &mut PgConnection) -> QueryResult<Counters> {
    AnsiTransactionManager::begin_transaction_sql(
        connection,
        "BEGIN ISOLATION LEVEL READ COMMITTED",
    )?;
    Counters::lock(connection)
}

/// Commits. If the connection breaks meanwhile, the outcome is unknown, and the error is `InDoubt`.
pub(super) fn commit(connection: &mut PgConnection) -> StoreResult<()> {
    AnsiTransactionManager::commit_transaction(connection).map_err(|error| {
        if is_alive(connection) {
            store_error(error)
        } else {
            StoreError::InDoubt(one_line(&error.to_string()))
        }
    })
}
