//! The state of a connection, and when the next attempt to connect may be made.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use super::tools::Tools;

/// The wait after the first failed attempt. It doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// The age of a failed attempt after which a call makes another one at once.
const FRESH: Duration = Duration::from_secs(1);

/// The state of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is being started, or its list of tools is being read.
    Connecting,
    /// Calls can be sent.
    Ready,
    /// It is started by the next call.
    Idle,
    /// The last attempt failed.
    Failed,
    /// It is switched off.
    Disabled,
}

impl State {
    /// Returns the name in lists and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Ready => "ready",
            Self::Idle => "idle",
            Self::Failed => "failed",
            Self::Disabled => "disabled",
        }
    }
}

/// The knowledge of a connection.
pub(crate) struct Known {
    pub(crate) state: State,
    /// Why the last attempt or the last call failed.
    pub(crate) error: Option<String>,
    /// The tools; `None` before a list has arrived.
    pub(crate) tools: Option<Arc<Tools>>,
    failures: u32,
    failed_at: Option<Instant>,
}

/// The numbers of what has happened since the start.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) calls: AtomicU64,
    pub(crate) errors: AtomicU64,
    pub(crate) starts: AtomicU64,
    pub(crate) changes: AtomicU64,
}

impl Known {
    pub(crate) fn new(state: State) -> Self {
        Self { state, error: None, tools: None, failures: 0, failed_at: None }
    }

    pub(crate) fn fail(&mut self, reason: String) {
        self.state = State::Failed;
        self.error = Some(reason);
        self.failures = self.failures.saturating_add(1);
        self.failed_at = Some(Instant::now());
    }

    pub(crate) fn succeed(&mut self) {
        self.state = State::Ready;
        self.error = None;
        self.failures = 0;
        self.failed_at = None;
    }

    /// Returns the reason of a failure that is so fresh that a call does not try again.
    pub(crate) fn fresh_failure(&self) -> Option<String> {
        let is_fresh = self.failed_at.is_some_and(|at| at.elapsed() < FRESH.min(self.wait()));
        is_fresh.then(|| self.error.clone().unwrap_or_default())
    }

    /// Returns the wait after a failure that is the first one after a success.
    pub(crate) fn first_wait(&self) -> Option<Duration> {
        (self.failures == 1 && self.tools.is_some()).then(|| self.wait())
    }

    /// Returns the wait after the last failure.
    pub(crate) fn wait(&self) -> Duration {
        let doubled = FIRST_WAIT.saturating_mul(1 << self.failures.saturating_sub(1).min(16));
        doubled.min(LONGEST_WAIT)
    }

    /// Returns the time until the next attempt that no call asks for.
    pub(crate) fn next_try(&self) -> Option<Duration> {
        let at = self.failed_at.filter(|_| self.state == State::Failed && self.tools.is_none())?;
        Some((at + self.wait()).saturating_duration_since(Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_start_again_after_a_success() {
        let mut known = Known::new(State::Connecting);
        let waits: Vec<u128> = (0..11)
            .map(|_| {
                known.fail("no".into());
                known.wait().as_millis()
            })
            .collect();
        assert_eq!(waits[..4], [250, 500, 1000, 2000]);
        assert_eq!(waits[10], 60_000);
        assert_eq!(known.fresh_failure().as_deref(), Some("no"));
        known.succeed();
        assert_eq!((known.fresh_failure(), known.next_try()), (None, None));
    }
}
