//! What PostgreSQL's errors mean for the port.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use mcp_core::StoreError;

/// The port's error for diesel's.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(super) fn store_error(error: Error) -> StoreError {
    let message = one_line(&error.to_string());
    match &error {
        Error::DatabaseError(kind, _) => of_kind(*kind, message),
        Error::BrokenTransactionManager => StoreError::Unavailable(message),
        _ => StoreError::Failed(message),
    }
}

fn of_kind(kind: DatabaseErrorKind, message: String) -> StoreError {
    match kind {
        // Nothing of the transaction is there.
        DatabaseErrorKind::ClosedConnection
        | DatabaseErrorKind::UnableToSendCommand
        | DatabaseErrorKind::SerializationFailure => StoreError::Unavailable(message),
        DatabaseErrorKind::ReadOnlyTransaction => StoreError::ReadOnly(message),
        _ => of_message(message),
    }
}

/// diesel keeps the SQLSTATE to itself. The messages are English, where the server lets us ask for
/// that (`connection.rs`).
fn of_message(message: String) -> StoreError {
    let says = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    if says(&["No space left", "could not extend file", "disk full"]) {
        StoreError::Full(message)
    } else if says(&[
        "canceling statement due to",
        "deadlock detected",
        "terminating connection",
        "the database system is",
        "too many clients",
        "remaining connection slots",
        "out of memory",
        "restart transaction",
    ]) {
        StoreError::Unavailable(message)
    } else if says(&["invalid page", "could not read block"]) {
        StoreError::Damaged(message)
    } else {
        StoreError::Failed(message)
    }
}

/// The same for a statement on this connection, which may have gone: diesel does not always say so.
pub(super) fn store_error_on(connection: &mut PgConnection, error: Error) -> StoreError {
    match store_error(error) {
        StoreError::Failed(message) if !is_alive(connection) => StoreError::Unavailable(message),
        error => error,
    }
}

/// Whether the database still answers on this connection. Ends a transaction that is open on it.
pub(super) fn is_alive(connection: &mut PgConnection) -> bool {
    connection.batch_execute("ROLLBACK").is_ok()
}

/// libpq's messages have lines.
pub(super) fn one_line(message: &str) -> String {
    let lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("; ")
}

/// Whether the statement failed for somebody else's sake and can be sent again.
pub(super) fn is_conflict(error: &Error) -> bool {
    match error {
        Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        Error::DatabaseError(_, information) => {
            let message = information.message();
            message.contains("deadlock detected") || message.contains("restart transaction")
        }
        _ => false,
    }
}
