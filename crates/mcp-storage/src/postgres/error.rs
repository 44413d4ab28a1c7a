//! Conversion of PostgreSQL's errors.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use mcp_core::StoreError;

/// Converts diesel's error to the port's.
#[expect(clippy::needless_pass_by_value, reason = "the signature of `map_err`")]
pub(super) fn store_error(error: Error) -> StoreError {
    let message = one_line(&error.to_string());
    match &error {
        Error::DatabaseError(kind, _) => from_kind(*kind, message),
        Error::BrokenTransactionManager => StoreError::Unavailable(message),
        _ => StoreError::Failed(message),
    }
}

fn from_kind(kind: DatabaseErrorKind, message: String) -> StoreError {
    match kind {
        // The transaction was rolled back.
        DatabaseErrorKind::ClosedConnection
        | DatabaseErrorKind::UnableToSendCommand
        | DatabaseErrorKind::SerializationFailure => StoreError::Unavailable(message),
        DatabaseErrorKind::ReadOnlyTransaction => StoreError::ReadOnly(message),
        _ => from_message(message),
    }
}

/// Classifies an error by its message, because diesel does not expose the SQLSTATE. Messages are
/// English if the server allows it (`connection.rs`).
fn from_message(message: String) -> StoreError {
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

/// Converts an error on this connection, which may be broken: diesel does not always report that.
pub(super) fn store_error_on(connection: &mut PgConnection, error: Error) -> StoreError {
    match store_error(error) {
        StoreError::Failed(message) if !is_alive(connection) => StoreError::Unavailable(message),
        error => error,
    }
}

/// Returns whether the connection still works. Rolls back an open transaction.
pub(super) fn is_alive(connection: &mut PgConnection) -> bool {
    connection.batch_execute("ROLLBACK").is_ok()
}

/// Joins the lines of a message of libpq.
pub(super) fn one_line(message: &str) -> String {
    let lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("; ")
}

/// Returns whether the statement failed because of a concurrent one, and can be repeated.
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
