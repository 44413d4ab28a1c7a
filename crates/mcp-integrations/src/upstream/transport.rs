//! How one request goes out and its answer comes in: what differs from system to system.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Response, Uri};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use mcp_core::{ActionError, ErrorCode};

use super::failure::{Failure, chain};
use super::reply::Meaning;

/// What a body fails with while it is read.
pub(crate) type BodyError = Box<dyn Error + Send + Sync>;

/// An answer whose body is still coming in, decoded.
pub(crate) type Streamed = Response<UnsyncBoxBody<Bytes, BodyError>>;

/// An answer on its way.
pub(crate) type Sent = BoxFuture<'static, Result<Streamed, Fault>>;

/// Sends a GET request with the account's token. It follows redirects within the host and nothing
/// else: it repeats nothing and keeps nothing.
pub(crate) trait Transport: Send + Sync + 'static {
    /// Sends the request. The answer's body is read by the caller.
    fn send(&self, uri: Uri, headers: HeaderMap) -> Sent;
}

/// The answer with its body's type erased.
pub(crate) fn streamed<B>(answer: Response<B>) -> Streamed
where
    B: http_body_util::BodyExt<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    answer.map(|body| body.map_err(Into::into).boxed_unsync())
}

/// Why there is no answer. The texts are causes: for the log, not for callers.
#[derive(Debug)]
pub(crate) enum Fault {
    /// No connection, or it broke before the answer's head.
    Connection(String),
    /// No connection in time.
    ConnectTimeout(String),
    /// A redirect that is not followed.
    Redirect(String),
    /// The answer's body broke off or cannot be decoded.
    Body(String),
    /// The answer's body is over the limit.
    TooLarge,
    /// The request cannot be sent as it is.
    Request(ActionError),
}

impl Fault {
    /// From an HTTP library's error, in whose chain of causes the client's own stands somewhere.
    pub(crate) fn from_error(error: &(dyn Error + 'static)) -> Self {
        let mut link = Some(error);
        while let Some(error) = link {
            if let Some(error) = error.downcast_ref::<reqwest::Error>() {
                let cause = chain(error);
                return match error {
                    error if error.is_redirect() => Self::Redirect(cause),
                    error if error.is_timeout() => Self::ConnectTimeout(cause),
                    error if error.is_builder() => Self::Request(ActionError::internal(cause)),
                    _ => Self::Connection(cause),
                };
            }
            link = error.source();
        }
        Self::Connection(chain(error))
    }

    /// What is done about it.
    pub(super) fn meaning(self, name: &str, body_limit: usize) -> Meaning {
        let failed = |what: &str| Failure::new(ErrorCode::UpstreamFailed, format!("{name}{what}"));
        match self {
            Self::Connection(cause) => Meaning::Again {
                failure: failed(" cannot be reached").caused_by(cause),
                wait: None,
            },
            Self::ConnectTimeout(cause) => {
                let message = format!("{name} cannot be reached in time");
                Meaning::Again {
                    failure: Failure::new(ErrorCode::UpstreamTimeout, message).caused_by(cause),
                    wait: None,
                }
            }
            Self::Redirect(cause) => {
                Meaning::Final(failed(" redirects to another host or too often").caused_by(cause))
            }
            Self::Body(cause) => Meaning::Again {
                failure: failed("'s answer broke off or cannot be decoded").caused_by(cause),
                wait: None,
            },
            Self::TooLarge => {
                Meaning::Final(failed(&format!("'s answer is larger than {body_limit} bytes")))
            }
            Self::Request(error) => Meaning::Final(error.into()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(cause)
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
        for (fault, code, again) in [
            (Fault::Connection(cause()), ErrorCode::UpstreamFailed, true),
            (Fault::ConnectTimeout(cause()), ErrorCode::UpstreamTimeout, true),
            (Fault::Body(cause()), ErrorCode::UpstreamFailed, true),
            (Fault::Redirect(cause()), ErrorCode::UpstreamFailed, false),
            (Fault::TooLarge, ErrorCode::UpstreamFailed, false),
            (Fault::Request(ActionError::internal("why")), ErrorCode::Internal, false),
        ] {
            let shown = fault.to_string();
            let (failure, is_again) = match fault.meaning("GitHub", 1000) {
                Meaning::Answer(_) => panic!("{shown} is no answer"),
                Meaning::Again { failure, .. } => (failure, true),
                Meaning::Final(failure) => (failure, false),
            };
            assert_eq!((failure.code, is_again), (code, again), "{shown}");
            assert!(!failure.message.contains("why"), "{}", failure.message);
        }
    }
}
