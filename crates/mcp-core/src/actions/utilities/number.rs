//! A JSON number that keeps integers exact.

use std::borrow::Cow;
use std::cmp::Ordering;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::action::unexpected;

/// An exact integer, or a finite floating-point number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Integer(i128),
    Float(f64),
}

impl Number {
    pub(super) const ZERO: Self = Self::Integer(0);

    /// Returns the sum, or `None` if it is too large.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.checked_add(b).map(Self::Integer),
            (a, b) => Self::finite(a.as_f64() + b.as_f64()),
        }
    }

    /// Returns the quotient, or `None` if it is too large.
    pub(super) fn divided_by(self, count: usize) -> Option<Self> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a request holds far fewer than 2^53 numbers"
        )]
        Self::finite(self.as_f64() / count as f64)
    }

    /// Compares exactly, also an integer with a whole float.
    pub(super) fn compare(self, other: Self) -> Ordering {
        match (self.whole(), other.whole()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => self.as_f64().total_cmp(&other.as_f64()),
        }
    }

    fn whole(self) -> Option<i128> {
        match self {
            Self::Integer(integer) => Some(integer),
            #[expect(clippy::cast_possible_truncation, reason = "it is whole, and below 2^126")]
            Self::Float(float) if float.fract() == 0.0 && float.abs() < 8e37 => Some(float as i128),
            Self::Float(_) => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a sum with a float is a float")]
    fn as_f64(self) -> f64 {
        match self {
            Self::Integer(integer) => integer as f64,
            Self::Float(float) => float,
        }
    }

    fn finite(float: f64) -> Option<Self> {
        float.is_finite().then_some(Self::Float(float))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        if !text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            return Err(D::Error::invalid_type(
                unexpected(text.as_bytes().first().copied()),
                &"a number",
            ));
        }
        let too_large =
            || D::Error::invalid_value(Unexpected::Other("a large number"), &"a smaller number");
        if text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit()) {
            return text.parse().map(Self::Integer).map_err(|_| too_large());
        }
        text.parse().ok().and_then(Self::finite).ok_or_else(too_large)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Integer(integer) => serializer.serialize_i128(*integer),
            Self::Float(float) => serializer.serialize_f64(*float),
        }
    }
}

impl JsonSchema for Number {
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number"})
    }
}
