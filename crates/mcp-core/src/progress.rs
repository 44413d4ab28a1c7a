//! The progress of a call: an action reports it, and a listener may receive it.

use std::fmt;
use std::sync::Arc;

/// A report of progress.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The amount done; it only grows.
    pub done: f64,
    /// The amount to do, if it is known.
    pub total: Option<f64>,
    /// The current work in a few words.
    pub message: String,
}

/// The severity of a log message (RFC 5424, section 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    /// Helps to find a fault.
    Debug,
    /// Informs.
    Info,
    /// Something may go wrong.
    Warning,
    /// Something went wrong.
    Error,
}

/// Port: receives the reports of a running action. Must not block; it drops what it cannot take.
pub trait Listener: Send + Sync {
    /// Receives a report of progress.
    fn step(&self, step: Step);
    /// Receives a log message.
    fn remark(&self, importance: Importance, text: String);
}

/// The place where an action reports its progress. Without a listener, reports cost nothing.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<dyn Listener>>);

impl Progress {
    /// Makes a progress without a listener.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// Makes a progress with a listener.
    #[must_use]
    pub fn to(listener: Arc<dyn Listener>) -> Self {
        Self(Some(listener))
    }

    /// Reports progress.
    pub fn step(&self, done: f64, total: Option<f64>, message: &str) {
        if let Some(listener) = &self.0 {
            listener.step(Step { done, total, message: message.to_owned() });
        }
    }

    /// Sends a log message.
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
