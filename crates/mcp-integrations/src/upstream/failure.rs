//! Errors of upstream calls.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use mcp_core::{ActionError, ErrorCode};

/// An [`ActionError`] that can be cloned, for all callers that share a request.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(super) code: ErrorCode,
    pub(super) message: String,
    pub(super) retry_after: Option<Duration>,
    /// Whether the upstream may have carried out the request all the same.
    pub(super) is_in_doubt: bool,
    cause: Option<Arc<str>>,
}

impl Failure {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None, is_in_doubt: false, cause: None }
    }

    pub(super) fn timeout(name: &str, limit: Duration) -> Self {
        Self::new(ErrorCode::UpstreamTimeout, format!("{name} did not answer within {limit:?}"))
    }

    /// Every permit was in use until the deadline.
    pub(super) fn busy(name: &str) -> Self {
        let message = format!("too many requests to {name} are waiting");
        Self::new(ErrorCode::Busy, message).retry_after(Some(Duration::from_secs(1)))
    }

    pub(super) fn caused_by(mut self, cause: impl Into<Arc<str>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    pub(super) fn in_doubt(mut self) -> Self {
        self.is_in_doubt = true;
        self
    }

    /// Appends words to the message.
    pub(super) fn and(mut self, words: &str) -> Self {
        self.message.push_str(words);
        self
    }

    /// Adds the time until a rate limit ends to the error and its message.
    pub(super) fn until(mut self, wait: Duration) -> Self {
        let part = u64::from(wait.subsec_nanos() > 0);
        let seconds = wait.as_secs().saturating_add(part).max(1);
        self.message = format!("{}; try again in {seconds} s", self.message.trim_end_matches('.'));
        self.retry_after(Some(Duration::from_secs(seconds)))
    }

    pub(super) fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }
}

impl From<Failure> for ActionError {
    fn from(failure: Failure) -> Self {
        let mut error = Self::new(failure.code, failure.message);
        error.retry_after = failure.retry_after;
        match failure.cause {
            Some(cause) => error.caused_by(&*cause),
            None => error,
        }
    }
}

impl From<ActionError> for Failure {
    fn from(error: ActionError) -> Self {
        Self {
            code: error.code,
            message: error.message,
            retry_after: error.retry_after,
            is_in_doubt: false,
            cause: error.cause.map(|cause| chain(&*cause).into()),
        }
    }
}

/// Formats an error and its causes in one line.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut link = error.source();
    while let Some(cause) = link {
        let _ = write!(text, ": {cause}");
        link = cause.source();
    }
    text
}
