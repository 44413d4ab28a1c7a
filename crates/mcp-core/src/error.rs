//! The one error table: the name, HTTP status, JSON-RPC code and meaning of each error.

use std::fmt;
use std::time::Duration;

/// The kind of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// A parameter is missing or has a wrong type or value.
    InvalidParams,
    /// No action has that name.
    UnknownAction,
    /// A parameter names a missing thing.
    NotFound,
    /// The thing to add exists already.
    Conflict,
    /// A setting that the action needs is not set.
    NotConfigured,
    /// The upstream rejected the request.
    UpstreamRefused,
    /// The API key is missing.
    Unauthorized,
    /// The API key is wrong, or the origin of the request is not allowed.
    Forbidden,
    /// The path does not exist.
    RouteNotFound,
    /// The path has no such method.
    MethodNotAllowed,
    /// The request arrived too slowly.
    RequestTimeout,
    /// The request's body is over the limit.
    PayloadTooLarge,
    /// The request has another form than the route takes.
    MalformedRequest,
    /// Too many requests.
    RateLimited,
    /// The rate limit of the upstream is reached.
    UpstreamRateLimited,
    /// A bug, or damaged storage.
    Internal,
    /// The upstream failed.
    UpstreamFailed,
    /// The server is at its limit of concurrent work.
    Busy,
    /// A dependency of the action is unavailable.
    Unavailable,
    /// The upstream did not respond in time.
    UpstreamTimeout,
    /// The disk is full.
    StorageFull,
}

/// A row of the error table.
#[derive(Clone, Copy, Debug)]
pub struct ErrorRow {
    /// The error.
    pub code: ErrorCode,
    /// The name in responses and documents: `snake_case`.
    pub name: &'static str,
    /// The HTTP status (RFC 9110, section 15).
    pub status: u16,
    /// The JSON-RPC 2.0 error code (specification, section 5.1).
    pub rpc: i32,
    /// The meaning, for the documents.
    pub meaning: &'static str,
}

macro_rules! error_table {
    ($($code:ident, $name:literal, $status:literal, $rpc:literal, $meaning:literal;)*) => {
        /// All errors, by HTTP status.
        pub const ERROR_TABLE: &[ErrorRow] = &[$(ErrorRow {
            code: ErrorCode::$code, name: $name, status: $status, rpc: $rpc, meaning: $meaning,
        }),*];

        impl ErrorCode {
            /// Returns the row of this error.
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

/// An error for the caller of an action. The cause is for the server's log only.
#[derive(Debug)]
pub struct ActionError {
    /// The kind.
    pub code: ErrorCode,
    /// The message for the caller: what is wrong, then what to do.
    pub message: String,
    /// The signature of the action, if a parameter is wrong.
    pub signature: Option<String>,
    /// The time after which a retry makes sense, if it is known.
    pub retry_after: Option<Duration>,
    /// The cause for the server's log.
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ActionError {
    /// Makes an error of this kind.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), signature: None, retry_after: None, cause: None }
    }

    /// Makes the error of a missing or wrong parameter, which the message names.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidParams, message)
    }

    /// Makes the error of a parameter that names a missing thing.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, message)
    }

    /// Makes an internal error. The cause goes to the log, never to the caller.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(ErrorCode::Internal, "Internal Server Error").caused_by(cause)
    }

    /// Sets the cause.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Sets the time after which a retry makes sense.
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
