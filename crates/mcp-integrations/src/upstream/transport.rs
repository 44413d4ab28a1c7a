//! The port through which an upstream sends a request. Each system has its own.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use mcp_core::{ActionError, ErrorCode};

use super::failure::{Failure, chain};
use super::response::Outcome;

/// The error of reading a body.
pub(crate) type BodyError = Box<dyn Error + Send + Sync>;

/// A response whose decoded body is still being received.
pub(crate) type Streamed = Response<UnsyncBoxBody<Bytes, BodyError>>;

pub(crate) type ResponseFuture = BoxFuture<'static, Result<Streamed, TransportError>>;

/// Sends a request with the account's credentials. It follows redirects within the origin; it retries
/// and caches nothing.
pub(crate) trait Transport: Send + Sync + 'static {
    /// Sends the request. The caller reads the response's body.
    fn send(&self, request: Request<Bytes>) -> ResponseFuture;
}

/// Erases the type of a response's body.
pub(crate) fn streamed<B>(response: Response<B>) -> Streamed
where
    B: http_body_util::BodyExt<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    response.map(|body| body.map_err(Into::into).boxed_unsync())
}

/// The reason for a missing response. The strings are causes: for the log, not for callers.
#[derive(Debug)]
pub(crate) enum TransportError {
    /// The connection failed.
    Connection(String),
    /// The connection broke before the response's head.
    Broken(String),
    /// The connection attempt timed out.
    ConnectTimeout(String),
    /// A redirect that is not followed.
    Redirect(String),
    /// The response's body broke off or cannot be decoded.
    Body(String),
    /// The response's body exceeds the limit.
    TooLarge,
    /// The request cannot be sent.
    Request(ActionError),
}

impl TransportError {
    /// Converts an HTTP library's error, whose chain of causes contains reqwest's error.
    pub(crate) fn from_error(error: &(dyn Error + 'static)) -> Self {
        let mut link = Some(error);
        while let Some(error) = link {
            if let Some(error) = error.downcast_ref::<reqwest::Error>() {
                let cause = chain(error);
                return match error {
                    error if error.is_redirect() => Self::Redirect(cause),
                    error if error.is_timeout() => Self::ConnectTimeout(cause),
                    error if error.is_builder() => Self::Request(ActionError::internal(cause)),
                    error if error.is_connect() => Self::Connection(cause),
                    _ => Self::Broken(cause),
                };
            }
            link = error.source();
        }
        Self::Broken(chain(error))
    }

    /// Returns the outcome of the attempt.
    pub(super) fn outcome(self, name: &str, body_limit: usize) -> Outcome {
        let failed =
            |message: &str| Failure::new(ErrorCode::UpstreamFailed, format!("{name}{message}"));
        let retry = |failure: Failure| Outcome::Retry { failure, wait: None };
        match self {
            Self::Connection(cause) => retry(failed(" cannot be reached").caused_by(cause)),
            Self::Broken(cause) => retry(failed(" cannot be reached").caused_by(cause).in_doubt()),
            Self::ConnectTimeout(cause) => {
                let message = format!("{name} cannot be reached in time");
                retry(Failure::new(ErrorCode::UpstreamTimeout, message).caused_by(cause))
            }
            Self::Redirect(cause) => {
                let message = " redirects to another host or too often";
                Outcome::Failure(failed(message).caused_by(cause).in_doubt())
            }
            Self::Body(cause) => retry(
                failed("'s answer broke off or cannot be decoded").caused_by(cause).in_doubt(),
            ),
            Self::TooLarge => {
                let message = format!("'s answer is larger than {body_limit} bytes");
                Outcome::Failure(failed(&message).in_doubt())
            }
            Self::Request(error) => Outcome::Failure(error.into()),
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(cause)
            | Self::Broken(cause)
            | Self::ConnectTimeout(cause)
            | Self::Redirect(cause)
            | Self::Body(cause) => f.write_str(cause),
            Self::TooLarge => f.write_str("too large"),
            Self::Request(error) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_the_connection_passes_and_no_other_does() {
        let cause = || "why".to_owned();
        for (error, code, again) in [
            (TransportError::Connection(cause()), ErrorCode::UpstreamFailed, true),
            (TransportError::Broken(cause()), ErrorCode::UpstreamFailed, true),
            (TransportError::ConnectTimeout(cause()), ErrorCode::UpstreamTimeout, true),
            (TransportError::Body(cause()), ErrorCode::UpstreamFailed, true),
            (TransportError::Redirect(cause()), ErrorCode::UpstreamFailed, false),
            (TransportError::TooLarge, ErrorCode::UpstreamFailed, false),
            (TransportError::Request(ActionError::internal("why")), ErrorCode::Internal, false),
        ] {
            let shown = error.to_string();
            let (failure, is_again) = match error.outcome("GitHub", 1000) {
                Outcome::Success(_) => panic!("{shown} is a success"),
                Outcome::Retry { failure, .. } => (failure, true),
                Outcome::Failure(failure) => (failure, false),
            };
            assert_eq!((failure.code, is_again), (code, again), "{shown}");
            assert!(!failure.message.contains("why"), "{}", failure.message);
        }
    }
}
