//! The writer's connection: opened when it is needed, thrown away after a fault.

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use mcp_core::memory::{StoreError, StoreResult};

use super::connection::Connector;
use super::counters::Counters;
use super::error::{is_alive, is_conflict, one_line, store_error, store_error_on};

/// How often a transaction is begun again when the database says that it was in another's way.
const TRIES: u32 = 10;

/// A connection that writes, if there is one now.
pub(super) struct Session {
    connector: Connector,
    connection: Option<PgConnection>,
}

impl Session {
    pub(super) fn new(connector: Connector, connection: PgConnection) -> Self {
        Self { connector, connection: Some(connection) }
    }

    /// Begins a transaction that writes: from here on nobody else does.
    ///
    /// No work has run yet, so it may be begun again: on a new connection where the old one has died
    /// since it was used last, and after a serialization failure, which distributed databases answer
    /// to who comes second.
    pub(super) fn begin(&mut self) -> StoreResult<(&mut PgConnection, Counters)> {
        let mut tries = 0;
        let counters = loop {
            let is_new = self.connection.is_none();
            let connection = self.connection()?;
            match begin(connection) {
                Ok(counters) => break counters,
                Err(error) => {
                    tries += 1;
                    let alive = is_alive(connection);
                    let again = if alive { is_conflict(&error) } else { !is_new };
                    let error = store_error_on(connection, error);
                    if !alive {
                        self.throw_away();
                    }
                    if tries == TRIES || !again {
                        return Err(error);
                    }
                }
            }
        };
        Ok((self.connection()?, counters))
    }

    /// After a fault: what it means, and the connection is thrown away.
    pub(super) fn give_up(&mut self, fault: StoreError) -> StoreError {
        let died = self.connection.as_mut().is_some_and(|connection| !is_alive(connection));
        let fault = match fault {
            StoreError::Failed(message) if died => StoreError::Unavailable(message),
            fault => fault,
        };
        self.throw_away();
        fault
    }

    /// Closes the connection, which undoes a transaction that is open on it.
    pub(super) fn throw_away(&mut self) {
        self.connection = None;
    }

    fn connection(&mut self) -> StoreResult<&mut PgConnection> {
        if self.connection.is_none() {
            self.connection = Some(self.connector.connect_for_work()?);
        }
        Ok(self.connection.as_mut().expect("it was opened above"))
    }
}

/// READ COMMITTED: the row's lock puts the writers behind each other, and who has it sees all that
/// was committed before.
fn begin(connection: &mut PgConnection) -> QueryResult<Counters> {
    AnsiTransactionManager::begin_transaction_sql(
        connection,
        "BEGIN ISOLATION LEVEL READ COMMITTED",
    )?;
    Counters::lock(connection)
}

/// Commits. Where the connection died meanwhile nobody knows the outcome, and the error says so.
pub(super) fn commit(connection: &mut PgConnection) -> StoreResult<()> {
    AnsiTransactionManager::commit_transaction(connection).map_err(|error| {
        if is_alive(connection) {
            store_error(error)
        } else {
            StoreError::InDoubt(one_line(&error.to_string()))
        }
    })
}
