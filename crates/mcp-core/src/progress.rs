//! How far a call is: an action says it, and whoever asked may listen.

use std::fmt;
use std::sync::Arc;

/// A step of a call that takes a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// How much is done; it grows from step to step.
    pub done: f64,
    /// How much there is to do, where that is known.
    pub total: Option<f64>,
    /// What is being done now, in a few words.
    pub message: String,
}

/// How important a remark is (RFC 5424, section 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    /// For whoever looks for a fault.
    Debug,
    /// For whoever wants to know.
    Info,
    /// Something may go wrong.
    Warning,
    /// Something went wrong.
    Error,
}

/// Port: takes what an action says of itself while it works. It must not wait: what it has no room
/// for is lost.
pub trait Listener: Send + Sync {
    /// The action has got so far.
    fn step(&self, step: Step);
    /// The action remarks something.
    fn remark(&self, importance: Importance, text: String);
}

/// Where an action says how far it is. Where nobody listens that costs nothing.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<dyn Listener>>);

impl Progress {
    /// Nobody listens.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// This one listens.
    #[must_use]
    pub fn to(listener: Arc<dyn Listener>) -> Self {
        Self(Some(listener))
    }

    /// So much of so much is done, and what is being done now.
    pub fn step(&self, done: f64, total: Option<f64>, message: &str) {
        if let Some(listener) = &self.0 {
            listener.step(Step { done, total, message: message.to_owned() });
        }
    }

    /// A remark on the way.
    pub fn remark(&self, importance: Importance, text: &str) {
        if let Some(listener) = &self.0 {
            listener.remark(importance, text.to_owned());
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() { "Progress(heard)" } else { "Progress(unheard)" })
    }
}
