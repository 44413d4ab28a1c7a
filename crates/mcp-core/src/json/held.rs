//! JSON text that [`serde_json::Value`] does not hold, taken in nevertheless.

use std::borrow::Cow;
use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// How deep a value may be nested to be read as [`serde_json::Value`].
const MOST_DEPTH: usize = 100;

/// JSON text as a value. What a value does not hold (a number beyond a double, more than 100 levels)
/// is in it as the text that it was; each half of a surrogate pair is U+FFFD.
///
/// # Errors
/// When it is no JSON.
pub fn value(json: &str) -> serde_json::Result<Value> {
    serde_json::from_str(json).or_else(|_| serde_json::from_str(&held(json)))
}

/// JSON text of which a [`serde_json::Value`] holds everything.
fn held(json: &str) -> String {
    let (mut held, mut rest, mut depth) = (String::new(), json, 0_usize);
    while let Some(first) = rest.chars().next() {
        // What is no JSON stays, and is refused.
        let is_odd = |token: &str| {
            serde_json::from_str::<Value>(token).is_err()
                && serde_json::from_str::<&RawValue>(token).is_ok()
        };
        let (token, text) = match first {
            '"' => {
                let token = literal(rest).unwrap_or(rest);
                (token, is_odd(token).then(|| plain(token)))
            }
            '-' | '0'..='9' => {
                let is_part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
                let token = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
                (token, is_odd(token).then(|| token.to_owned()))
            }
            '[' | '{' if depth == MOST_DEPTH => {
                let token = nested(rest);
                let is_json = serde_json::from_str::<&RawValue>(token).is_ok();
                (token, is_json.then(|| token.to_owned()))
            }
            _ => {
                match first {
                    '[' | '{' => depth += 1,
                    ']' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                (&rest[..first.len_utf8()], None)
            }
        };
        match text {
            Some(text) => held.push_str(&Value::from(text).to_string()),
            None => held.push_str(token),
        }
        rest = &rest[token.len()..];
    }
    held
}

/// The array or object that JSON text begins with; all of it where that does not end.
fn nested(json: &str) -> &str {
    let (mut end, mut depth) = (0, 0_usize);
    while let Some(byte) = json.as_bytes().get(end) {
        match byte {
            b'"' => match literal(&json[end..]) {
                Some(literal) => end += literal.len() - 1,
                None => return json,
            },
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
        end += 1;
        if depth == 0 {
            return &json[..end];
        }
    }
    json
}

/// The text, in its quotes, that JSON text begins with.
fn literal(json: &str) -> Option<&str> {
    let mut is_escaped = false;
    let is_end = |&(_, byte): &(usize, u8)| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    };
    let (end, _) = json.bytes().enumerate().skip(1).find(is_end)?;
    Some(&json[..=end])
}

/// A text without its quotes and escapes; each half of a surrogate pair stands as U+FFFD.
fn plain(literal: &str) -> String {
    // What is no literal is in no JSON.
    serde_json::from_str(literal).map_or_else(|_| literal.to_owned(), |Lossy(text)| text)
}

/// Every name and text in JSON text, without escapes.
pub fn strings(json: &str) -> impl Iterator<Item = String> {
    let mut rest = json;
    std::iter::from_fn(move || {
        let from = &rest[rest.find('"')?..];
        let found = literal(from)?;
        rest = &from[found.len()..];
        Some(plain(found))
    })
}

/// JSON text with others in place of some of its names and texts. `other` is asked about each that is
/// written with escapes, and is given it without them.
pub fn with_others(json: &str, other: impl Fn(&str) -> Option<String>) -> Cow<'_, str> {
    let (mut made, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(quote) = json[at..].find('"') {
        let from = at + quote;
        let Some(found) = literal(&json[from..]) else { break };
        at = from + found.len();
        if found.contains('\\')
            && let Some(new) = other(&plain(found))
        {
            made.push_str(&json[copied..from]);
            made.push_str(&serde_json::Value::from(new).to_string());
            copied = at;
        }
    }
    if copied == 0 {
        return json.into();
    }
    made.push_str(&json[copied..]);
    made.into()
}

/// A text of which half a surrogate pair may be a part.
struct Lossy(String);

impl<'de> Deserialize<'de> for Lossy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Lossy;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Lossy, E> {
                Ok(Lossy(with_replacements(bytes)))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// Text whose halves of surrogate pairs are three bytes each, as UTF-8 would write them: U+FFFD for
/// each.
fn with_replacements(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut rest = bytes;
    while let Err(error) = str::from_utf8(rest) {
        let (valid, half) = rest.split_at(error.valid_up_to());
        text.push_str(&String::from_utf8_lossy(valid));
        text.push(char::REPLACEMENT_CHARACTER);
        rest = half.get(3..).unwrap_or_default();
    }
    text.push_str(&String::from_utf8_lossy(rest));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_half_of_a_pair_is_one_replacement() {
        for (json, text) in [
            (r#""\ud800""#, "\u{fffd}"),
            (r#""a\ud800\ud800b""#, "a\u{fffd}\u{fffd}b"),
            (r#""\udc00\ud800\u0061ü""#, "\u{fffd}\u{fffd}aü"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
            (r#""\ud83dx\ude00""#, "\u{fffd}x\u{fffd}"),
        ] {
            assert_eq!(value(json).expect(json), Value::from(text), "{json}");
            assert_eq!(strings(json).collect::<Vec<_>>(), [text], "{json}");
        }
    }

    #[test]
    fn every_text_is_found_without_its_escapes() {
        let text = r#"{ "a" : ["\\", "\\\"b", 1e999, {"\u0073\n":""}], "\ud800c": "ü" }"#;
        let found: Vec<String> = strings(text).collect();
        assert_eq!(found[..5], ["a", "\\", "\\\"b", "s\n", ""]);
        assert!(found[5].ends_with('c') && found[6] == "ü" && found.len() == 7, "{found:?}");
        for none in ["", "1", "[]", "\""] {
            assert_eq!(strings(none).count(), 0, "{none}");
        }
    }

    #[test]
    fn a_text_with_escapes_gives_way_to_another() {
        let text = r#"{"\u0061": ["a", "\u0061\"", 1e999, "\/b"], "c": "\ud800"#;
        let other = |text: &str| text.starts_with('a').then(|| format!("<{text}>"));
        let changed = r#"{"<a>": ["a", "<a\">", 1e999, "\/b"], "c": "\ud800"#;
        assert_eq!(with_others(text, other), changed);
        assert!(matches!(with_others(text, |_| None), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn what_a_value_does_not_hold_is_its_text() {
        let deep = format!("{}1{}", "[".repeat(130), "]".repeat(130));
        for (text, read) in [
            ("[1, -2.5e3]", "[1,-2500.0]"),
            (
                r#"{"a":[1e400,-1e999,"1e400"],"b":{"1e400":true}}"#,
                r#"{"a":["1e400","-1e999","1e400"],"b":{"1e400":true}}"#,
            ),
            (r#"["\ud800x","\\","]",1e400]"#, "[\"\u{fffd}x\",\"\\\\\",\"]\",\"1e400\"]"),
        ] {
            assert_eq!(value(text).expect(text).to_string(), read, "{text}");
        }
        let text = format!(r#"{{"a":{deep},"b":"[","c":{deep}}}"#);
        let read = value(&text).expect("JSON").to_string();
        let inner = format!("\"{}1{}\"", "[".repeat(31), "]".repeat(31));
        assert_eq!(read.matches(&inner).count(), 2, "{read}");
        for wrong in
            ["", "[1", "{\"a\":1e400", "[[[", "nope", "\"", "[1e400}", "1e4e4", "[1e400 2]", "-"]
        {
            assert!(value(wrong).is_err(), "{wrong}");
        }
    }
}
