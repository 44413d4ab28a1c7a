//! The number of requests that one address may send.

use std::fmt;
use std::num::NonZeroU32;
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

/// A unit of time, with its length in seconds.
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

    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("off") {
            return Some(Self::Off);
        }
        let (count, unit) = text.split_once('/')?;
        // `str::parse` alone would accept `+1`.
        let count = Some(count.trim()).filter(|count| !count.starts_with('+'))?.parse().ok()?;
        let unit = match unit.trim().to_ascii_lowercase().as_str() {
            "second" => RateUnit::Second,
            "minute" => RateUnit::Minute,
            "hour" => RateUnit::Hour,
            "day" => RateUnit::Day,
            _ => return None,
        };
        Some(Self::Per(Rate { count, unit }))
    }
}

impl Rate {
    /// Returns the time after which one more request is allowed: at least a nanosecond.
    #[must_use]
    pub fn period(self) -> Duration {
        (self.unit.duration() / self.count.get()).max(Duration::from_nanos(1))
    }
}

impl RateUnit {
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
