//! Randomness as a value that is passed in: what spreads the waits between tries, so that callers
//! that failed together do not come back together.

/// Where the spread comes from.
pub trait Jitter: Send + Sync {
    /// A share, from 0 (included) to 1 (not included), another one each time.
    fn share(&self) -> f64;
}

/// A spread that nobody can predict.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomJitter;

impl Jitter for RandomJitter {
    fn share(&self) -> f64 {
        fastrand::f64()
    }
}
