//! What PostgreSQL's errors mean for the port.

use diesel::result::{DatabaseErrorKind, Error};
use mcp_core::StoreError;

/// The port's error for diesel's.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(super) fn store_error(error: Error) -> StoreError {
    let message = error.to_string();
    match &error {
        Error::DatabaseError(kind, _) => of_kind(kind, message),
        Error::BrokenTransactionManager => StoreError::Unavailable(message),
        _ => StoreError::Failed(message),
    }
}

fn of_kind(kind: &DatabaseErrorKind, message: String) -> StoreError {
    match kind {
        // Nothing of the transaction is there.
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::SerializationFailure => {
            StoreError::Unavailable(message)
        }
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

/// Whether the connection has gone.
pub(super) fn is_closed(error: &Error) -> bool {
    matches!(
        error,
        Error::DatabaseError(DatabaseErrorKind::ClosedConnection, _)
            | Error::BrokenTransactionManager
    )
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
