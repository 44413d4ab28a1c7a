//! A bounded integer. The schema shows the bounds and errors name them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// An integer from `MIN` to `MAX`, both included. `DEFAULT` is for fields with `#[serde(default)]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bounded<const MIN: u32, const MAX: u32, const DEFAULT: u32>(u32);

impl<const MIN: u32, const MAX: u32, const DEFAULT: u32> Bounded<MIN, MAX, DEFAULT> {
    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32, const DEFAULT: u32> Default for Bounded<MIN, MAX, DEFAULT> {
    fn default() -> Self {
        const { assert!(MIN <= DEFAULT && DEFAULT <= MAX, "the default is within the bounds") }
        Self(DEFAULT)
    }
}

impl<'de, const MIN: u32, const MAX: u32, const DEFAULT: u32> Deserialize<'de>
    for Bounded<MIN, MAX, DEFAULT>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Within<const MIN: u32, const MAX: u32>;
        impl<const MIN: u32, const MAX: u32> Visitor<'_> for Within<MIN, MAX> {
            type Value = u32;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an integer from {MIN} to {MAX}")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<u32, E> {
                u32::try_from(number)
                    .ok()
                    .filter(|number| (MIN..=MAX).contains(number))
                    .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<u32, E> {
                u64::try_from(number)
                    .map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
                    .and_then(|number| self.visit_u64(number))
            }
        }
        deserializer.deserialize_u64(Within::<MIN, MAX>).map(Self)
    }
}

impl<const MIN: u32, const MAX: u32, const DEFAULT: u32> JsonSchema for Bounded<MIN, MAX, DEFAULT> {
    fn schema_name() -> Cow<'static, str> {
        format!("IntegerFrom{MIN}To{MAX}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": MIN, "maximum": MAX})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::params::{ParamsText, parse};
    use crate::action::schema;

    #[derive(Debug, Deserialize, JsonSchema)]
    struct Params {
        /// How many.
        #[serde(default)]
        count: Bounded<1, 100, 10>,
    }

    fn read(params: &str) -> Result<u32, String> {
        let params = ParamsText::from_value(&serde_json::from_str(params).expect("JSON"));
        parse::<Params>(&params.expect("an object"), None)
            .map(|params| params.count.get())
            .map_err(|error| error.message)
    }

    #[test]
    fn what_is_within_the_bounds_is_taken_and_nothing_else() {
        assert_eq!(read("{}"), Ok(10));
        assert_eq!(read(r#"{"count":1}"#), Ok(1));
        assert_eq!(read(r#"{"count":100}"#), Ok(100));
        for (count, got) in [
            ("0", ""),
            ("101", ""),
            ("-1", ""),
            ("18446744073709551615", ""),
            ("1.5", ", not a floating-point number"),
            (r#""5""#, ", not a string"),
        ] {
            assert_eq!(
                read(&format!(r#"{{"count":{count}}}"#)),
                Err(format!("count must be an integer from 1 to 100{got}"))
            );
        }
    }

    #[test]
    fn the_schema_and_the_signature_show_bounds_and_default() {
        let schema = schema::of_params::<Params>();
        let count = &schema["properties"]["count"];
        assert_eq!(
            (&count["minimum"], &count["maximum"], &count["default"]),
            (&1.into(), &100.into(), &10.into())
        );
        assert_eq!(schema::signature("list", &schema::parameters(&schema)), "list(count?=10)");
    }
}
