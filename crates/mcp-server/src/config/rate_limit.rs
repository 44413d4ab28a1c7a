//! How many requests one address may send in how long.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

/// The rate limit. `100/minute` and `off` are read, in any case and with spaces around their parts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RateLimit {
    /// No limit.
    Off,
    /// This many requests in one unit of time.
    Per(Rate),
}

/// So many requests in one unit of time, all of which may come at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    /// Requests, 1 to 4294967295.
    pub count: NonZeroU32,
    /// The time in which that many come back.
    pub unit: RateUnit,
}

impl Rate {
    /// How long one request takes to come back: whole nanoseconds, at least one, so that a rate
    /// of more than a billion a second is a billion.
    #[must_use]
    pub fn period(self) -> Duration {
        (self.unit.duration() / self.count.get()).max(Duration::from_nanos(1))
    }
}

/// The time that a rate limit counts over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RateUnit {
    /// One second.
    Second,
    /// 60 seconds.
    Minute,
    /// 3600 seconds.
    Hour,
    /// 86400 seconds.
    Day,
}

impl RateUnit {
    const ALL: [Self; 4] = [Self::Second, Self::Minute, Self::Hour, Self::Day];

    /// How long it is.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 60 * 60,
            Self::Day => 24 * 60 * 60,
        })
    }
}

impl fmt::Display for RateUnit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        })
    }
}

/// As the answer to a request above the limit spells it: `100 per 1 minute`.
impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} per 1 {}", self.count, self.unit)
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => formatter.write_str("off"),
            Self::Per(rate) => rate.fmt(formatter),
        }
    }
}

/// A text that is no rate limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotARateLimit;

impl fmt::Display for NotARateLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("expected off, or a limit such as 100/minute")
    }
}

impl std::error::Error for NotARateLimit {}

impl FromStr for RateLimit {
    type Err = NotARateLimit;

    fn from_str(text: &str) -> Result<Self, NotARateLimit> {
        let text = text.trim().to_ascii_lowercase();
        if text == "off" {
            return Ok(Self::Off);
        }
        let (count, unit) = text.split_once('/').ok_or(NotARateLimit)?;
        let (count, unit) = (count.trim(), unit.trim());
        if !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotARateLimit);
        }
        let count = count.parse().map_err(|_| NotARateLimit)?;
        let unit = RateUnit::ALL
            .into_iter()
            .find(|known| known.to_string() == unit)
            .ok_or(NotARateLimit)?;
        Ok(Self::Per(Rate { count, unit }))
    }
}
