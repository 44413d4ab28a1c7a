//! Where a list goes on: a short text that says behind which row, and of which query.
//!
//! It names a row and not a number of rows, so that what is added or removed meanwhile moves
//! nothing: a memory's rows by the place where they stand, another system's by page, number on it
//! and key (see [`Place`]), sorted rows by what they were sorted by.

use std::fmt::Write as _;

use serde_json::Value;

use mcp_core::error::ActionError;

/// The longest cursor that is looked at, in bytes.
const LONGEST: usize = 1000;
/// The longest text that rows are sorted by, in bytes: the rest of a longer one is not compared.
const LONGEST_SORTED: usize = 32;

/// What tells a row from the others of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Nothing does.
    None,
    /// A number.
    Number(i64),
    /// A text, as its digest.
    Text(u64),
}

impl Key {
    /// The key that is in a field: a number, or any other value by its text.
    #[must_use]
    pub fn of(value: Option<&Value>) -> Self {
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

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// What tells it from the others.
    pub key: Key,
    /// The page that it was on, the first is 1; 0 where there are no pages.
    pub page: u32,
    /// The number of the row on its page, the first is 0.
    pub index: u32,
    /// Whether the keys of the list fall or rise, where they do.
    pub order: Order,
}

/// How the keys of a list follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// In no order that is known.
    #[default]
    Unknown,
    /// Each is higher than the one before.
    Rising,
    /// Each is lower than the one before.
    Falling,
}

impl Place {
    /// The place of a row that is told by its key alone.
    #[must_use]
    pub const fn at(key: Key) -> Self {
        Self { key, page: 0, index: 0, order: Order::Unknown }
    }
}

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    /// The query that it belongs to, as its digest.
    pub query: u32,
    /// The row that was answered last.
    pub place: Place,
    /// How many rows were answered before, where there is a limit on them.
    pub taken: u64,
    /// What that row was sorted by.
    pub sorted: Vec<Value>,
}

impl Cursor {
    /// The text of the cursor.
    #[must_use]
    pub fn to_text(&self) -> String {
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
        for value in &self.sorted {
            text.push_str(".s");
            text.push_str(&escaped(&value.to_string()));
        }
        text
    }

    /// Reads the text of a cursor that belongs to a query.
    ///
    /// # Errors
    /// When it is none, or belongs to another query.
    pub fn read(text: &str, query: u32) -> Result<Self, ActionError> {
        let cursor = Self::parse(text)
            .ok_or_else(|| ActionError::invalid("cursor is none that this server gave"))?;
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
        if text.len() > LONGEST {
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
        let mut cursor = Self { query, place: Place::at(key), taken: 0, sorted: Vec::new() };
        for part in parts {
            let (letter, rest) = part.split_at_checked(1)?;
            match letter {
                "r" if rest.is_empty() => cursor.place.order = Order::Rising,
                "f" if rest.is_empty() => cursor.place.order = Order::Falling,
                "p" => cursor.place.page = u32::try_from(from_base36(rest)?).ok()?,
                "i" => cursor.place.index = u32::try_from(from_base36(rest)?).ok()?,
                "t" => cursor.taken = from_base36(rest)?,
                "s" => cursor.sorted.push(serde_json::from_str(&unescaped(rest)?).ok()?),
                _ => return None,
            }
        }
        Some(cursor)
    }
}

/// What rows are compared by, of a value: plain, and of a text no more than its beginning, so that
/// a cursor can hold it.
#[must_use]
pub fn sortable(value: Option<Value>) -> Value {
    let text = match value {
        None | Some(Value::Null) => return Value::Null,
        Some(value @ (Value::Bool(_) | Value::Number(_))) => return value,
        Some(Value::String(text)) => text,
        Some(value) => value.to_string(),
    };
    let mut end = text.len().min(LONGEST_SORTED);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].into()
}

/// A digest of texts that is the same in every build and on every machine: FNV-1a,
/// <http://www.isthe.com/chongo/tech/comp/fnv/>. It tells apart; it protects nothing.
#[must_use]
pub fn digest<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let mut digest: u64 = 0xcbf2_9ce4_8422_2325;
    for text in texts {
        // A byte that is in no UTF-8 stands between the texts.
        for byte in text.iter().chain(&[0xff]) {
            digest = (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    digest
}

/// A number in digits and small letters.
#[must_use]
pub fn base36(mut number: u64) -> String {
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

/// The number of [`base36`].
#[must_use]
pub fn from_base36(text: &str) -> Option<u64> {
    let is_canonical = text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    (is_canonical && !text.is_empty()).then(|| u64::from_str_radix(text, 36).ok()).flatten()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-:_".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02x}").expect("a String takes everything");
        }
    }
    escaped
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::testing::any_json;
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
            taken: 0,
            sorted: Vec::new(),
        };
        assert_eq!(cursor.to_text(), "9ix.20");
        let order = Order::Falling;
        let place = Place { key: Key::Number(1347), page: 2, index: 9, order };
        assert_eq!(Cursor { place, ..cursor }.to_text(), "9ix.1347.f.p2.i9");
    }

    #[test]
    fn a_cursor_of_another_query_or_of_nobody_is_refused() {
        let refusal = |text: &str| Cursor::read(text, 1).expect_err(text).message;
        assert!(refusal("2.20").contains("another query"));
        let long = format!("1.20.s{}", "0".repeat(1000));
        for text in ["", "1", "1.", "x!.5", "1.h", "1.20.q5", "1.20.s%2", "1.20.", "1.é.é", &long]
        {
            assert!(refusal(text).contains("none that this server gave"), "{text}");
        }
    }

    #[test]
    fn long_texts_are_sorted_by_their_beginning() {
        assert_eq!(sortable(Some(json!("é".repeat(40)))), json!("é".repeat(16)));
        assert_eq!(sortable(Some(json!(5))), json!(5));
        assert_eq!(sortable(None), json!(null));
        assert_eq!(sortable(Some(json!(["a"]))), json!("[\"a\"]"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            query in any::<u32>(), key in any_key(), page in any::<u32>(), index in any::<u32>(),
            taken in any::<u64>(),
            order in prop::sample::select(vec![Order::Unknown, Order::Rising, Order::Falling]),
            sorted in prop::collection::vec(any_json(), 0..3),
        ) {
            let sorted = sorted.into_iter().map(|value| sortable(Some(value))).collect();
            let place = Place { key, page, index, order };
            let cursor = Cursor { query, place, taken, sorted };
            let text = cursor.to_text();
            prop_assert_eq!(Cursor::read(&text, query).map_err(|error| error.message), Ok(cursor));
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = Cursor::read(&text, 1);
        }
    }
}
