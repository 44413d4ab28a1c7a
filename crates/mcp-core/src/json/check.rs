//! The check of JSON text from outside. Text that passes can be read by every JSON parser.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The nesting limit for JSON from clients.
pub const MAX_DEPTH: usize = 128;

/// The nesting limit for all other JSON: no thread's stack overflows.
const STACK_DEPTH: usize = 1024;

/// Marks nesting errors among serde's.
const TOO_DEEP: &str = "nested too deep";

/// A reason to reject a text.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The text is not JSON.
    #[error("{0}")]
    Syntax(serde_json::Error),
    /// Arrays and objects are nested deeper than the limit.
    #[error("JSON is nested deeper than {limit} levels at line {line} column {column}")]
    #[expect(missing_docs, reason = "the message names each field")]
    TooDeep { limit: usize, line: usize, column: usize },
    /// An escape is half of a surrogate pair (RFC 8259, section 8.2).
    #[error("JSON has half of a surrogate pair at line {line} column {column}")]
    #[expect(missing_docs, reason = "the message names each field")]
    LoneSurrogate { line: usize, column: usize },
    /// A double cannot hold a number (RFC 8259, section 6).
    #[error("{path} is outside the range of a double: use a number below 1.8e308")]
    NumberOutOfRange {
        /// The way to the number, such as `params.numbers[0]`.
        path: String,
    },
}

/// Checks JSON text from a client.
///
/// # Errors
/// Returns the first [`Problem`] of the text.
pub fn check(text: &str) -> Result<(), Problem> {
    check_within(text, MAX_DEPTH)
}

/// Checks JSON text that may have so many levels of arrays and objects.
///
/// # Errors
/// Returns the first [`Problem`] of the text.
pub fn check_within(text: &str, limit: usize) -> Result<(), Problem> {
    walk(text, limit, &mut |_| ()).map_err(|error| {
        let (message, line, column) = (error.to_string(), error.line(), error.column());
        if message.starts_with(TOO_DEEP) {
            Problem::TooDeep { limit, line, column }
        } else if message.contains("hex escape") {
            Problem::LoneSurrogate { line, column }
        } else if message.starts_with("number out of range") {
            Problem::NumberOutOfRange { path: path_of_error(text, limit) }
        } else {
            Problem::Syntax(error)
        }
    })
}

/// Returns whether a predicate holds for a name or string in JSON text, or the text cannot be read.
pub(crate) fn any_string(text: &str, predicate: impl Fn(&str) -> bool) -> bool {
    let mut is_found = false;
    walk(text, STACK_DEPTH, &mut |string| is_found |= predicate(string)).is_err() || is_found
}

/// Reads JSON text, and hands every name and string in it to `take`.
fn walk(text: &str, limit: usize, take: &mut dyn FnMut(&str)) -> serde_json::Result<()> {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    Walk { levels: limit, take }.deserialize(&mut reader)?;
    reader.end()
}

fn path_of_error(text: &str, limit: usize) -> String {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    let mut track = serde_path_to_error::Track::new();
    let reader = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
    // It fails as before.
    let _ = Walk { levels: limit, take: &mut |_| () }.deserialize(reader);
    match track.path().to_string() {
        path if path == "." => "the number".into(),
        path => path,
    }
}

/// Visits a value; `levels` of arrays and objects are left.
struct Walk<'f> {
    levels: usize,
    take: &'f mut dyn FnMut(&str),
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, string: &str) -> Result<(), E> {
        (self.take)(string);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let levels = self.levels.checked_sub(1).ok_or_else(|| A::Error::custom(TOO_DEEP))?;
        while items.next_element_seed(Walk { levels, take: &mut *self.take })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let levels = self.levels.checked_sub(1).ok_or_else(|| A::Error::custom(TOO_DEEP))?;
        while members.next_key_seed(Walk { levels, take: &mut *self.take })?.is_some() {
            members.next_value_seed(Walk { levels, take: &mut *self.take })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        check(text).expect_err(text).to_string()
    }

    #[test]
    fn depth_is_limited() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        check(&nested(128)).expect("it is at the limit");
        check(&format!("[{}1]", "[],{},".repeat(1000))).expect("it is wide");
        check(&format!("\"\\\"{}\\\\\"", "[".repeat(1000))).expect("it is a string");
        for text in [nested(129), "[".repeat(200_000), "{\"a\":".repeat(129)] {
            assert!(problem(&text).starts_with("JSON is nested deeper than 128 levels at line 1"));
        }
        check_within(&nested(200), 200).expect("it is at its limit");
    }

    #[test]
    fn a_pair_of_surrogates_is_a_character_and_half_of_one_is_not() {
        for text in [r#""\ud83d\ude00""#, r#""\uD83D\uDE00x""#, r#""\u00e9\n\"""#, r#""\\ud800""#] {
            check(text).expect(text);
        }
        for text in [
            r#""\ud800""#,
            r#""ab\udc00""#,
            r#""\ud800x\udc00""#,
            r#""\ud800\n""#,
            r#""\ud800\ud800\udc00""#,
            r#""\ud83d\ude00\ude00""#,
            r#"{"\uDFFF":1}"#,
            r#"{"a":["\\\ud800"]}"#,
        ] {
            assert!(problem(text).starts_with("JSON has half of a surrogate pair at line 1"));
        }
    }

    #[test]
    fn numbers_are_within_a_double() {
        check("[1e308, -1.7e308, 1e-999, 123456789012345678901234567890]").expect("doubles");
        let huge = "9".repeat(400);
        for number in ["1e400", "-1E+999", &huge] {
            let message = problem(&format!(r#"{{"a":{{"b":[1,{number}]}}}}"#));
            assert_eq!(
                message,
                "a.b[1] is outside the range of a double: use a number below 1.8e308"
            );
            assert!(problem(number).starts_with("the number is outside"));
        }
    }

    #[test]
    fn everything_else_is_json() {
        for text in ["", " ", "\"", "{\"a\"}", "[1", "[1] 2", "nope", "\"\u{1}\"", "\"\\ud8\""] {
            assert!(matches!(check(text), Err(Problem::Syntax(_))), "{text}");
        }
        check(" {\"a\": [null, true, \"\", 1.0, {}]}\n").expect("JSON");
    }

    #[test]
    fn strings_are_found_without_their_escapes() {
        let text = r#"{"a":["\\", 1, {"\u0073":"\u00fc"}]}"#;
        for string in ["a", "\\", "s", "ü"] {
            assert!(any_string(text, |found| found == string), "{string}");
        }
        assert!(!any_string(text, |found| found == "1"));
        assert!(any_string("[1e400]", |_| false), "nobody knows");
    }
}
