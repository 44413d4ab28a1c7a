//! Randomness for the backoff, so that callers that failed together do not retry together. Tests
//! pass in a fixed one.

/// A source of randomness.
pub trait Jitter: Send + Sync {
    /// Returns a number from 0 (inclusive) to 1 (exclusive).
    fn share(&self) -> f64;
}

/// Unpredictable jitter.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomJitter;

impl Jitter for RandomJitter {
    fn share(&self) -> f64 {
        fastrand::f64()
    }
}
