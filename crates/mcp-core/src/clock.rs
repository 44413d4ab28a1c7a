//! The clock as a port, so that tests choose the time.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// Port: tells the time.
pub trait Clock: Send + Sync {
    /// Returns the present time.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    /// Returns the machine's clock.
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

/// A time in UTC with microseconds, written without a zone: `2026-02-16T15:14:57.661938`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Makes a time from microseconds since the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns the microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Parses ISO 8601 without a zone: `T` or a space between date and time, any number of fraction
    /// digits. Returns `None` for other texts.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"].iter().find_map(|format| {
            let naive = NaiveDateTime::parse_from_str(text, format).ok()?;
            Some(Self(naive.and_utc().timestamp_micros()))
        })
    }
}

/// The length of a written time whose year has four digits.
const WRITTEN: usize = "2026-02-16T15:14:57.661938".len();

impl Timestamp {
    /// Writes the digits without chrono's formatter, which parses its pattern for each of the two
    /// times in a row. Returns `None` for a year that does not have four digits.
    fn written(self) -> Option<[u8; WRITTEN]> {
        let moment = DateTime::from_timestamp_micros(self.0)?.naive_utc();
        let year = u32::try_from(moment.year()).ok().filter(|year| *year < 10_000)?;
        let mut text = *b"0000-00-00T00:00:00.000000";
        let mut put = |place: usize, number: u32| {
            text[place] += u8::try_from(number / 10).unwrap_or_default();
            text[place + 1] += u8::try_from(number % 10).unwrap_or_default();
        };
        put(0, year / 100);
        put(2, year % 100);
        put(5, moment.month());
        put(8, moment.day());
        put(11, moment.hour());
        put(14, moment.minute());
        put(17, moment.second());
        let micros = moment.nanosecond() / 1000 % 1_000_000;
        put(20, micros / 10_000);
        put(22, micros / 100 % 100);
        put(24, micros % 100);
        Some(text)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.written() {
            return f.pad(str::from_utf8(&text).expect("digits are ASCII"));
        }
        let moment = DateTime::from_timestamp_micros(self.0).unwrap_or(DateTime::UNIX_EPOCH);
        write!(f, "{}", moment.format("%Y-%m-%dT%H:%M:%S%.6f"))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.written() {
            Some(text) => serializer.serialize_str(str::from_utf8(&text).expect("ASCII")),
            None => serializer.collect_str(self),
        }
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
    fn the_digits_are_those_that_chrono_writes() {
        for micros in [-1, 1, 951_782_399_999_999, 1_771_250_400_000_001, 253_402_300_799_999_999] {
            let moment = DateTime::from_timestamp_micros(micros).expect("a moment");
            let written = moment.format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
            assert_eq!(Timestamp::from_micros(micros).to_string(), written);
        }
        for micros in [253_402_300_800_000_000, -62_167_219_200_000_001, i64::MAX] {
            assert!(!Timestamp::from_micros(micros).to_string().is_empty(), "no panic");
        }
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
