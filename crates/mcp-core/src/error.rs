//! The one error table: the name, HTTP status, JSON-RPC code and meaning of each error.

use std::fmt;
use std::time::Duration;

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// A parameter is missing or has a wrong type or value.
    InvalidParams,
    /// No action has that name.
    UnknownAction,
    /// What a parameter names is not there.
    NotFound,
    /// What should be added is there already.
    Conflict,
    /// A setting that the action needs is not set.
    NotConfigured,
    /// The other system refused what it was asked.
    UpstreamRefused,
    /// The API key is missing.
    Unauthorized,
    /// The API key is wrong, or the request comes from where it may not.
    Forbidden,
    /// No such path.
    RouteNotFound,
    /// The path has no such method.
    MethodNotAllowed,
    /// The request's head or body came too slowly.
    RequestTimeout,
    /// The request's body is over the limit.
    PayloadTooLarge,
    /// The request is not of the form that the route takes.
    MalformedRequest,
    /// Too many requests in a span of time.
    RateLimited,
    /// The other system takes no more requests for a while.
    UpstreamRateLimited,
    /// A fault of the server's own.
    Internal,
    /// The other system failed.
    UpstreamFailed,
    /// The server has all the work that it takes at once.
    Busy,
    /// Something that the action needs is not there now.
    Unavailable,
    /// The other system did not answer in time.
    UpstreamTimeout,
    /// The storage has no room.
    StorageFull,
}

/// A row of the error table.
#[derive(Clone, Copy, Debug)]
pub struct ErrorRow {
    /// The error.
    pub code: ErrorCode,
    /// Its name in machine-readable answers and documents: `snake_case`.
    pub name: &'static str,
    /// HTTP status (RFC 9110, section 15).
    pub status: u16,
    /// JSON-RPC 2.0 error code (its specification, section 5.1).
    pub rpc: i32,
    /// What it means, for the documents.
    pub meaning: &'static str,
}

macro_rules! error_table {
    ($($code:ident, $name:literal, $status:literal, $rpc:literal, $meaning:literal;)*) => {
        /// Every error there is, in order of its HTTP status.
        pub const ERROR_TABLE: &[ErrorRow] = &[$(ErrorRow {
            code: ErrorCode::$code, name: $name, status: $status, rpc: $rpc, meaning: $meaning,
        }),*];

        impl ErrorCode {
            /// This error's row of the table.
            #[must_use]
            pub const fn row(self) -> ErrorRow {
                match self {
                    $(Self::$code => ErrorRow {
                        code: self, name: $name, status: $status, rpc: $rpc, meaning: $meaning,
                    },)*
                }
            }
        }
    };
}

error_table! {
    InvalidParams, "invalid_params", 400, -32602, "A parameter is missing or has a wrong type or value; `detail` names it.";
    UnknownAction, "unknown_action", 400, -32602, "No action has that name.";
    NotFound, "not_found", 400, -32602, "What a parameter names is not there.";
    Conflict, "conflict", 400, -32602, "What should be added is there already.";
    NotConfigured, "not_configured", 400, -32007, "A setting that the action needs is not set; `detail` names it.";
    UpstreamRefused, "upstream_refused", 400, -32005, "The other system refused what it was asked; `detail` has its status and message.";
    Unauthorized, "unauthorized", 401, -32001, "The API key is missing.";
    Forbidden, "forbidden", 403, -32002, "The API key is wrong, or the request comes from where it may not.";
    RouteNotFound, "route_not_found", 404, -32601, "No such path.";
    MethodNotAllowed, "method_not_allowed", 405, -32601, "The path has no such method.";
    RequestTimeout, "request_timeout", 408, -32003, "The request's body came too slowly.";
    PayloadTooLarge, "payload_too_large", 413, -32600, "The request's body is over `MCP_BODY_LIMIT`.";
    MalformedRequest, "malformed_request", 422, -32600, "The body or the query string is not of the form that the route takes.";
    RateLimited, "rate_limited", 429, -32004, "More requests than `MCP_RATE_LIMIT` allows, or too many atomic batches of one caller at once; see `Retry-After`.";
    UpstreamRateLimited, "upstream_rate_limited", 429, -32004, "The other system takes no more requests for a while; see `Retry-After`.";
    Internal, "internal", 500, -32603, "A fault of the server's own; its log has the cause.";
    UpstreamFailed, "upstream_failed", 502, -32005, "The other system failed.";
    Busy, "busy", 503, -32006, "The server has all the work that it takes at once; see `Retry-After`.";
    Unavailable, "unavailable", 503, -32007, "Something that the action needs is not there now; `detail` says what.";
    UpstreamTimeout, "upstream_timeout", 504, -32008, "The other system did not answer in time.";
    StorageFull, "storage_full", 507, -32009, "The storage has no room; reading still works.";
}

/// Why an action did not do its work.
#[derive(Debug)]
pub struct ActionError {
    /// What kind of failure it was.
    pub code: ErrorCode,
    /// What the caller is told: what was wrong and what would be right.
    pub message: String,
    /// How the action is called, where its parameters were wrong.
    pub signature: Option<String>,
    /// After how long another try makes sense, where that is known.
    pub retry_after: Option<Duration>,
    /// What only the server's log is told.
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ActionError {
    /// An error of the given kind with its public message.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), signature: None, retry_after: None, cause: None }
    }

    /// A parameter is missing or wrong; the message names it.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidParams, message)
    }

    /// What a parameter names is not there.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, message)
    }

    /// A fault of the server's own: the cause goes to the log, never to the caller.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(ErrorCode::Internal, "Internal Server Error").caused_by(cause)
    }

    /// The same error with what only the server's log is told.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The same error with the time after which another try makes sense.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

/// The characters of a caller's text that an error repeats.
const SHOWN: usize = 200;

/// Returns the beginning of a caller's text, for an error.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

impl fmt::Display for ActionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ActionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_answers_for_its_own_code_and_has_its_own_name() {
        for (index, row) in ERROR_TABLE.iter().enumerate() {
            assert_eq!(row.code.row().name, row.name);
            assert!(ERROR_TABLE[..index].iter().all(|other| other.name != row.name));
        }
    }
}
