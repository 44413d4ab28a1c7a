//! What JSON text must not hold, whoever parses it later.
//!
//! A check of its own because parameters are carried and stored as they came, byte for byte: a
//! parser that skips over a value looks neither at its depth nor at its escapes.

use std::fmt;

use actix_web::web::{Buf as _, Bytes};

/// The byte order mark in UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// How many arrays and objects may stand inside one another.
pub const MAX_DEPTH: usize = 128;

/// Why a text is refused, and at which byte, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The bracket there opens level [`MAX_DEPTH`] + 1.
    TooDeep {
        /// Where the bracket is.
        offset: usize,
    },
    /// The escape there is half of a surrogate pair and no character (RFC 8259 section 8.2).
    LoneSurrogate {
        /// Where the escape's backslash is.
        offset: usize,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooDeep { offset } => {
                write!(formatter, "JSON is nested deeper than {MAX_DEPTH} levels at byte {offset}")
            }
            Self::LoneSurrogate { offset } => {
                write!(formatter, "JSON has half of a surrogate pair at byte {offset}")
            }
        }
    }
}

impl std::error::Error for Problem {}

/// The bytes without the mark that says that they are UTF-8, which is no part of the JSON (RFC 8259,
/// section 8.1).
pub fn without_bom(mut body: Bytes) -> Bytes {
    if body.starts_with(BOM) {
        body.advance(BOM.len());
    }
    body
}

/// Refuses text that is nested too deep or escapes half a character: one pass, no recursion.
///
/// Whether the text is JSON at all is for the parser to say.
pub fn check(text: &str) -> Result<(), Problem> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut in_string) = (0, 0_usize, false);
    while let Some(&byte) = bytes.get(at) {
        match (in_string, byte) {
            (_, b'"') => in_string = !in_string,
            (true, b'\\') => {
                at += escape(bytes, at)?;
                continue;
            }
            (false, b'[' | b'{') if depth == MAX_DEPTH => {
                return Err(Problem::TooDeep { offset: at });
            }
            (false, b'[' | b'{') => depth += 1,
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// How many bytes the escape at `offset` takes, the second half of a pair with it.
fn escape(bytes: &[u8], offset: usize) -> Result<usize, Problem> {
    match unit(bytes, offset) {
        None => Ok(2),
        Some(0xD800..0xDC00) => match unit(bytes, offset + 6) {
            Some(0xDC00..0xE000) => Ok(12),
            _ => Err(Problem::LoneSurrogate { offset }),
        },
        Some(0xDC00..0xE000) => Err(Problem::LoneSurrogate { offset }),
        Some(_) => Ok(6),
    }
}

/// The UTF-16 code unit that `\uXXXX` at `offset` stands for; `None` when it is no such escape.
fn unit(bytes: &[u8], offset: usize) -> Option<u16> {
    let digits = bytes.get(offset..offset + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, &byte| {
        let digit = char::from(byte).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_strings() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(check(&nested(128)), Ok(()));
        assert_eq!(check(&nested(129)), Err(Problem::TooDeep { offset: 128 }));
        assert_eq!(check(&"{\"a\":".repeat(129)), Err(Problem::TooDeep { offset: 128 * 5 }));
        assert_eq!(check(&format!("[{}]", "[],{},".repeat(1000))), Ok(()));
        assert_eq!(check(&format!("\"{}\"", "[".repeat(1000))), Ok(()));
        assert_eq!(check(&format!("\"\\\"{}\\\\\"", "[".repeat(1000))), Ok(()));
        assert_eq!(check("]]]]"), Ok(()));
    }

    #[test]
    fn a_pair_of_surrogates_is_a_character_and_half_of_one_is_not() {
        for text in [r#""\ud83d\ude00""#, r#""\uD83D\uDE00x""#, r#""\u00e9\n\"""#, r#""\\ud800""#] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for (text, offset) in [
            (r#""\ud800""#, 1),
            (r#""ab\udc00""#, 3),
            (r#""\ud800x\udc00""#, 1),
            (r#""\ud800\ud800\udc00""#, 1),
            (r#""\ud83d\ude00\ude00""#, 13),
            (r#"{"\uDFFF":1}"#, 2),
            (r#""\\\ud800""#, 3),
            (r#""\ud800"#, 1),
        ] {
            assert_eq!(check(text), Err(Problem::LoneSurrogate { offset }), "{text}");
        }
    }

    #[test]
    fn broken_text_is_left_to_the_parser() {
        for text in ["", "\"", "\\", "\"\\", "\"\\u", "\"\\ud8", "\"\\uzzzz\"", "{\"é\": \"\u{1}"]
        {
            assert_eq!(check(text), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn the_message_says_where() {
        let problem = check(r#"{"a":"\ud800"}"#).unwrap_err();
        assert_eq!(problem.to_string(), "JSON has half of a surrogate pair at byte 6");
    }
}
