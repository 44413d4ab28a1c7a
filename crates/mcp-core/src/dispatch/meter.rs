//! What is counted of calls. The core says it; whoever runs it adds it up and shows it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::action::registry::Registry;
use crate::error::{ActionError, ErrorCode};

/// Port: counts calls. It is told in the midst of a call, so it must not wait.
pub trait Meter: Send + Sync + 'static {
    /// A call has been answered.
    fn called(&self, call: Called);

    /// An answer has been put into the words that its caller reads. Faces that are not read by a
    /// model (v1, the command line) say nothing. No action: there is none of that name.
    fn told(&self, action: Option<Arc<str>>, tokens: Tokens);
}

/// A call that has been answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// The action's name; none when there is no such action.
    pub action: Option<Arc<str>>,
    /// How it failed, if it did.
    pub error: Option<ErrorCode>,
    /// How long it took.
    pub took: Duration,
}

/// What a call cost a model that reads it, in tokens of `o200k_base`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Of the call.
    pub asked: u64,
    /// Of the answer.
    pub answered: u64,
    /// How many more the same result has in v1's words.
    pub saved: u64,
}

/// A call that is being counted, or nothing where nobody counts.
pub(super) struct Counted<'a>(Option<(&'a dyn Meter, Option<Arc<str>>, Instant)>);

impl<'a> Counted<'a> {
    pub(super) fn start(meter: Option<&'a dyn Meter>, registry: &Registry, action: &str) -> Self {
        Self(meter.map(|meter| {
            let action = registry.catalogue().find(action);
            (meter, action.map(|action| Arc::clone(&action.name)), Instant::now())
        }))
    }

    pub(super) fn end(self, error: Option<&ActionError>) {
        if let Some((meter, action, start)) = self.0 {
            let error = error.map(|error| error.code);
            meter.called(Called { action, error, took: start.elapsed() });
        }
    }
}
