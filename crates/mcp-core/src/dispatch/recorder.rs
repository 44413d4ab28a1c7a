//! The port for metrics of calls.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Registry;
use crate::error::{ActionError, ErrorCode};

/// Port: counts calls. Must not block.
pub trait Recorder: Send + Sync + 'static {
    /// Counts a finished call.
    fn called(&self, call: Called);

    /// Counts the tokens of a call over v2 or the Model Context Protocol. The action is `None` if its
    /// name is unknown.
    fn tokens(&self, action: Option<Arc<str>>, tokens: Tokens);
}

/// A finished call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// The name of the action; `None` if it is unknown.
    pub action: Option<Arc<str>>,
    /// The error.
    pub error: Option<ErrorCode>,
    /// The duration.
    pub took: Duration,
}

/// The cost of a call in tokens of `o200k_base`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Tokens of the call.
    pub asked: u64,
    /// Tokens of the response.
    pub answered: u64,
    /// Tokens that the response of v1 has more.
    pub saved: u64,
}

/// A call that is being counted, if there are metrics.
pub(super) struct Counted<'a>(Option<(&'a dyn Recorder, Option<Arc<str>>, Instant)>);

impl<'a> Counted<'a> {
    pub(super) fn start(
        recorder: Option<&'a dyn Recorder>,
        registry: &Registry,
        action: &str,
    ) -> Self {
        Self(recorder.map(|recorder| {
            let action = registry.catalogue().find(action);
            (recorder, action.map(|action| Arc::clone(&action.name)), Instant::now())
        }))
    }

    pub(super) fn end(self, error: Option<&ActionError>) {
        if let Some((recorder, action, start)) = self.0 {
            let error = error.map(|error| error.code);
            recorder.called(Called { action, error, took: start.elapsed() });
        }
    }
}
