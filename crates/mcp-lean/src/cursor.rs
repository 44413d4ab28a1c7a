//! Cursors: short texts that name the last row of a page and its query.
//!
//! A cursor names a row, not a number of rows, so rows that are added or removed do not shift a page.
//! Rows of the memory are named by position, rows of an upstream by page, index and key (see [`Place`]),
//! and sorted rows by their sort keys. The rest of a kept result is named by its blob and the row's index.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use super::blobs::BlobId;
use mcp_core::error::ActionError;

/// The maximum length of a cursor, in bytes.
const MAX_LENGTH: usize = 1000;
/// The maximum length of a text in a sort key, in bytes.
const MAX_SORTED: usize = 32;
/// The bytes of a sort key that are escaped: a dot separates the parts of a cursor.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b':').remove(b'_');

/// The key of a row, which no other row of its list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    None,
    Number(i64),
    /// The digest of a text.
    Text(u64),
}

impl Key {
    /// Returns the key in a field: a number, or the digest of any other value.
    pub(crate) fn of(value: Option<&Value>) -> Self {
        match value {
            None | Some(Value::Null) => Self::None,
            Some(Value::Number(number)) if number.is_i64() => {
                Self::Number(number.as_i64().unwrap_or_default())
            }
            Some(Value::String(text)) => Self::Text(digest([text.as_bytes()])),
            Some(value) => Self::Text(digest([value.to_string().as_bytes()])),
        }
    }
}

/// The place of a row in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) key: Key,
    /// The row's page, from 1; 0 for a list without pages.
    pub(crate) page: u32,
    /// The row's index on its page, from 0.
    pub(crate) index: u32,
    pub(crate) order: Order,
}

/// The order of the keys of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    #[default]
    Unknown,
    Rising,
    Falling,
}

impl Place {
    /// Returns the place of a row with only a key.
    pub(crate) const fn at(key: Key) -> Self {
        Self { key, page: 0, index: 0, order: Order::Unknown }
    }
}

/// The position after which a list continues.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cursor {
    /// The digest of its query.
    pub(crate) query: u32,
    /// The last row of the page.
    pub(crate) place: Place,
    /// The kept result that the list is read from.
    pub(crate) kept: Option<BlobId>,
    /// How many rows were returned, if the query limits them.
    pub(crate) taken: u64,
    /// The sort keys of the last row.
    pub(crate) sorted: Vec<Value>,
}

impl Cursor {
    pub(crate) fn to_text(&self) -> String {
        let mut text = base36(self.query.into());
        text.push('.');
        match self.place.key {
            Key::None => text.push('-'),
            Key::Number(number) => text.push_str(&number.to_string()),
            Key::Text(digest) => {
                text.push('h');
                text.push_str(&base36(digest));
            }
        }
        let Place { page, index, order, .. } = self.place;
        text.push_str(match order {
            Order::Unknown => "",
            Order::Rising => ".r",
            Order::Falling => ".f",
        });
        for (letter, number) in [('p', page.into()), ('i', index.into()), ('t', self.taken)] {
            if number != 0 {
                text.push('.');
                text.push(letter);
                text.push_str(&base36(number));
            }
        }
        if let Some(id) = self.kept {
            text.push_str(".b");
            text.push_str(&id.to_digits());
        }
        for value in &self.sorted {
            text.push_str(".s");
            text.extend(utf8_percent_encode(&value.to_string(), ESCAPED));
        }
        text
    }

    /// Parses the cursor of a query.
    ///
    /// # Errors
    /// Returns `InvalidParams` if the text is not a cursor, or belongs to another query.
    pub(crate) fn read(text: &str, query: u32) -> Result<Self, ActionError> {
        let cursor = Self::parse(text).ok_or_else(invalid)?;
        if cursor.query == query {
            Ok(cursor)
        } else {
            Err(ActionError::invalid(
                "cursor belongs to another query: repeat the action, params and reductions that it \
                 came from",
            ))
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let mut parts = text.split('.');
        let query = u32::try_from(from_base36(parts.next()?)?).ok()?;
        let key = match parts.next()? {
            "-" => Key::None,
            text => match text.strip_prefix('h') {
                Some(digest) => Key::Text(from_base36(digest)?),
                None => Key::Number(text.parse().ok()?),
            },
        };
        let place = Place::at(key);
        let mut cursor = Self { query, place, kept: None, taken: 0, sorted: Vec::new() };
        for part in parts {
            let (letter, rest) = part.split_at_checked(1)?;
            match letter {
                "r" if rest.is_empty() => cursor.place.order = Order::Rising,
                "f" if rest.is_empty() => cursor.place.order = Order::Falling,
                "p" => cursor.place.page = u32::try_from(from_base36(rest)?).ok()?,
                "i" => cursor.place.index = u32::try_from(from_base36(rest)?).ok()?,
                "t" => cursor.taken = from_base36(rest)?,
                "b" => cursor.kept = Some(BlobId::from_digits(rest)?),
                "s" => cursor.sorted.push(
                    serde_json::from_str(&percent_decode_str(rest).decode_utf8().ok()?).ok()?,
                ),
                _ => return None,
            }
        }
        Some(cursor)
    }
}

/// Returns a value's sort key, short enough for a cursor: texts are truncated to 32 bytes.
pub(crate) fn sortable(value: Option<&Value>) -> Value {
    let text = match value {
        None | Some(Value::Null) => return Value::Null,
        Some(value @ (Value::Bool(_) | Value::Number(_))) => return value.clone(),
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(value) => Cow::Owned(value.to_string()),
    };
    text[..text.floor_char_boundary(MAX_SORTED)].into()
}

/// Returns the error for a text that is not a cursor.
pub(crate) fn invalid() -> ActionError {
    ActionError::invalid(
        "invalid cursor: send the \"next\" of the previous answer, or leave it out",
    )
}

/// Returns a digest of texts that is the same in every build and on every machine: FNV-1a,
/// <http://www.isthe.com/chongo/tech/comp/fnv/>. It does not protect against forgery.
pub(crate) fn digest<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let mut digest: u64 = 0xcbf2_9ce4_8422_2325;
    for text in texts {
        // UTF-8 has no such byte: it separates the texts.
        for byte in text.iter().chain(&[0xff]) {
            digest = (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    digest
}

/// Writes a number with digits and small letters.
fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(number % 36).expect("it is below 36");
        digits.push(char::from_digit(digit, 36).expect("it is below 36"));
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

fn from_base36(text: &str) -> Option<u64> {
    let is_canonical = text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    (is_canonical && !text.is_empty()).then(|| u64::from_str_radix(text, 36).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::testing::any_json;
    use super::super::tokens;
    use super::*;

    fn any_key() -> impl Strategy<Value = Key> {
        prop_oneof![
            Just(Key::None),
            any::<i64>().prop_map(Key::Number),
            any::<u64>().prop_map(Key::Text),
        ]
    }

    #[test]
    fn a_cursor_is_short() {
        let cursor = Cursor {
            query: 12345,
            place: Place::at(Key::Number(20)),
            kept: None,
            taken: 0,
            sorted: Vec::new(),
        };
        assert_eq!(cursor.to_text(), "9ix.20");
        let order = Order::Falling;
        let place = Place { key: Key::Number(1347), page: 2, index: 9, order };
        assert_eq!(Cursor { place, ..cursor.clone() }.to_text(), "9ix.1347.f.p2.i9");
        let kept = BlobId::from_digits("04170986233415720851");
        let text = Cursor { kept, ..cursor }.to_text();
        assert_eq!(text, "9ix.20.b04170986233415720851");
        assert!(tokens::count(&text) <= 15, "{text}");
    }

    #[test]
    fn a_cursor_of_another_query_or_of_nobody_is_refused() {
        let refusal = |text: &str| Cursor::read(text, 1).expect_err(text).message;
        assert!(refusal("2.20").contains("another query"));
        let long = format!("1.20.s{}", "0".repeat(1000));
        for text in [
            "", "1", "1.", "x!.5", "1.h", "1.20.q5", "1.20.s%2", "1.20.", "1.é.é", "1.20.b5", &long,
        ] {
            assert!(refusal(text).contains("invalid cursor"), "{text}");
        }
    }

    #[test]
    fn long_texts_are_sorted_by_their_beginning() {
        assert_eq!(sortable(Some(&json!("é".repeat(40)))), json!("é".repeat(16)));
        assert_eq!(sortable(Some(&json!(5))), json!(5));
        assert_eq!(sortable(None), json!(null));
        assert_eq!(sortable(Some(&json!(["a"]))), json!("[\"a\"]"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            query in any::<u32>(), key in any_key(), page in any::<u32>(), index in any::<u32>(),
            taken in any::<u64>(), kept in prop::option::of(any::<u64>()),
            order in prop::sample::select(vec![Order::Unknown, Order::Rising, Order::Falling]),
            sorted in prop::collection::vec(any_json(), 0..3),
        ) {
            let sorted = sorted.into_iter().map(|value| sortable(Some(&value))).collect();
            let place = Place { key, page, index, order };
            let kept = kept.and_then(|number| BlobId::from_digits(&format!("{number:020}")));
            let cursor = Cursor { query, place, kept, taken, sorted };
            let text = cursor.to_text();
            prop_assert_eq!(Cursor::read(&text, query).map_err(|error| error.message), Ok(cursor));
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = Cursor::read(&text, 1);
        }
    }
}
