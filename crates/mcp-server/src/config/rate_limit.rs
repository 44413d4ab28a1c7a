//! The number of requests that one address may send.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

/// The rate limit of the clients of one kind, written `100/minute` or `off`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RateLimit {
    /// No limit.
    Off,
    /// A limit.
    Per(Rate),
}

/// A number of requests in one unit of time. All of them may arrive at the same moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    /// The number of requests.
    pub count: NonZeroU32,
    /// The unit of time.
    pub unit: RateUnit,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum RateUnit {
    Second = 1,
    Minute = 60,
    Hour = 3600,
    Day = 86_400,
}

impl RateLimit {
    pub(super) const EXPECTED: &str =
        "off, or 1 to 4294967295 per second, minute, hour or day, such as 100/minute";
}

impl Rate {
    /// Returns the time after which one more request is allowed: at least a nanosecond.
    #[must_use]
    pub fn period(self) -> Duration {
        (self.unit.duration() / self.count.get()).max(Duration::from_nanos(1))
    }
}

impl RateUnit {
    const ALL: [Self; 4] = [Self::Second, Self::Minute, Self::Hour, Self::Day];

    /// Returns the length of the unit.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self as u64)
    }
}

impl fmt::Display for RateUnit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&format!("{self:?}").to_lowercase())
    }
}

/// As in the response to a request over the limit: `100 per 1 minute`.
impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} per 1 {}", self.count, self.unit)
    }
}

/// As in the settings: `100/minute`.
impl fmt::Display for RateLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => formatter.write_str("off"),
            Self::Per(rate) => write!(formatter, "{}/{}", rate.count, rate.unit),
        }
    }
}

/// The text is not a rate limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected {}", RateLimit::EXPECTED)]
pub struct InvalidRateLimit;

impl FromStr for RateLimit {
    type Err = InvalidRateLimit;

    fn from_str(text: &str) -> Result<Self, InvalidRateLimit> {
        let text = text.trim().to_ascii_lowercase();
        if text == "off" {
            return Ok(Self::Off);
        }
        let (count, unit) = text.split_once('/').ok_or(InvalidRateLimit)?;
        // `str::parse` alone would accept `+1`.
        let digits = Some(count.trim()).filter(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
        let count = digits.and_then(|digits| digits.parse().ok());
        let unit = RateUnit::ALL.into_iter().find(|known| known.to_string() == unit.trim());
        Ok(Self::Per(Rate {
            count: count.ok_or(InvalidRateLimit)?,
            unit: unit.ok_or(InvalidRateLimit)?,
        }))
    }
}
