//! How often: so many in each second, minute, hour or day.

use std::{fmt, num::NonZeroU32, time::Duration};

/// So many requests in each unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many, all of which may come at once.
    pub requests: NonZeroU32,
    /// In what time that many come back.
    pub unit: Unit,
}

/// A unit of time that requests are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 1 s
    Second,
    /// 60 s
    Minute,
    /// 3,600 s
    Hour,
    /// 86,400 s
    Day,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    fn duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 60 * 60,
            Self::Day => 24 * 60 * 60,
        })
    }
}

impl Rate {
    /// How long one request takes to come back: whole nanoseconds, at least one, so that a rate
    /// of more than a billion a second is a billion.
    #[must_use]
    pub fn period(self) -> Duration {
        (self.unit.duration() / self.requests.get()).max(Duration::from_nanos(1))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} per 1 {}", self.requests, self.unit.name())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    fn rate(requests: u32, unit: Unit) -> Rate {
        Rate {
            requests: NonZeroU32::new(requests).unwrap(),
            unit,
        }
    }

    #[test]
    fn a_rate_is_written_out() {
        assert_eq!(rate(100, Unit::Minute).to_string(), "100 per 1 minute");
        assert_eq!(rate(1, Unit::Day).to_string(), "1 per 1 day");
    }

    #[test]
    fn one_request_comes_back_each_period() {
        assert_eq!(rate(100, Unit::Minute).period(), Duration::from_millis(600));
        assert_eq!(rate(1, Unit::Day).period(), Duration::from_hours(24));
        assert_eq!(
            rate(u32::MAX, Unit::Second).period(),
            Duration::from_nanos(1)
        );
    }
}
