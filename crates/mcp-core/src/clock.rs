//! Time as a value that is passed in: [`Clock`] is the port, [`SystemClock`] the real one.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// Where the present time comes from.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    /// The machine's clock, shared.
    #[must_use]
    pub fn shared() -> Arc<dyn Clock> {
        Arc::new(Self)
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A moment in UTC, in microseconds since the Unix epoch.
///
/// Written as ISO 8601 with microseconds and no zone, `2026-02-16T15:14:57.661938`, as v1 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads ISO 8601 without a zone, with `T` or a space between date and time and any number of
    /// fraction digits. `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"].iter().find_map(|format| {
            let naive = NaiveDateTime::parse_from_str(text, format).ok()?;
            Some(Self(naive.and_utc().timestamp_micros()))
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = DateTime::from_timestamp_micros(self.0).unwrap_or(DateTime::UNIX_EPOCH);
        write!(f, "{}", moment.format("%Y-%m-%dT%H:%M:%S%.6f"))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "UTC, ISO 8601 with microseconds and no zone",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_with_six_digits_even_when_they_are_zero() {
        assert_eq!(Timestamp::from_micros(0).to_string(), "1970-01-01T00:00:00.000000");
    }

    #[test]
    fn reads_what_it_writes_and_what_sqlalchemy_writes() {
        let moment = Timestamp::parse("2026-11-22 18:09:29.604850").expect("a moment");
        assert_eq!(moment.to_string(), "2026-11-22T18:09:29.604850");
        assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
        assert!(Timestamp::parse("2026-11-22 18:09:29").is_some());
        assert_eq!(Timestamp::parse("yesterday"), None);
    }
}
