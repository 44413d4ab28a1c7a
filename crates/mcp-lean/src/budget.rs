//! What is written within a number of tokens: as many rows as fit, and what does not fit alone as a
//! handle.

use serde_json::Value;

use super::blobs::{Blobs, JSON, TEXT};
use super::format::{Content, Format, Item, Notes, write_as};
use super::reduce::size;
use super::tokens;
use mcp_core::error::ActionError;

/// The most bytes of one answer, however many tokens it may have.
pub const MOST_BYTES: usize = 4 << 20;
/// The fewest tokens of an answer that says why something is missing from it.
const LEAST_FOR_REASON: usize = 200;
/// The text of a smaller answer in its place.
const NO_REASON: &str = "yes";
/// What is this small, in bytes, is shown: its handle would be no smaller.
const SMALLEST_HANDLED: usize = 80;

/// How large an answer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Tokens; none for no limit on them.
    tokens: Option<usize>,
}

impl Budget {
    /// What is meant where nothing is said.
    pub const USUAL: usize = 2000;
    /// The fewest tokens: a handle and a cursor take that.
    pub const LEAST: usize = 50;

    /// So many tokens; 0 for no limit.
    ///
    /// # Errors
    /// When they are fewer than a handle and a cursor take.
    pub fn tokens(tokens: usize) -> Result<Self, ActionError> {
        match tokens {
            0 => Ok(Self { tokens: None }),
            Self::LEAST.. => Ok(Self { tokens: Some(tokens) }),
            _ => Err(ActionError::invalid(format!(
                "max_tokens must be 0 for no limit, or at least {}",
                Self::LEAST
            ))),
        }
    }

    /// How many tokens; 0 for no limit.
    #[must_use]
    pub fn to_tokens(self) -> usize {
        self.tokens.unwrap_or_default()
    }

    /// The most rows that can be of use.
    #[must_use]
    pub fn rows(self) -> usize {
        self.tokens.unwrap_or(MOST_BYTES / 8)
    }

    /// Behind how many bytes of what is shown of rows no further row is of use: a token is rarely
    /// more than a dozen bytes, and a row that is cut off is found behind the cursor.
    #[must_use]
    pub fn bytes(self) -> usize {
        self.tokens.map_or(MOST_BYTES, |tokens| tokens.saturating_mul(16).min(MOST_BYTES))
    }

    /// Returns the reason why something is missing, as much of it as there is room for.
    #[must_use]
    pub fn reason(self, reason: &str) -> &str {
        if self.tokens.is_none_or(|most| most >= LEAST_FOR_REASON) { reason } else { NO_REASON }
    }

    /// Whether a text is within it.
    #[must_use]
    pub fn holds(self, text: &str) -> bool {
        text.len() <= MOST_BYTES && self.tokens.is_none_or(|most| tokens::is_within(text, most))
    }
}

/// Rows to be written.
pub struct Rows<'a> {
    /// Those that are there.
    pub items: Vec<Item>,
    /// The columns, where there are none.
    pub header: Vec<String>,
    /// Whether the list goes on behind them.
    pub more: bool,
    /// None where a list cannot be gone on with.
    pub cursor: Option<&'a Behind<'a>>,
    /// Why something is missing from the result.
    pub incomplete: Option<&'a str>,
}

/// The cursor behind the row of a number; with none, behind all that was looked at in vain.
pub type Behind<'a> = dyn Fn(Option<usize>) -> String + 'a;

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The text.
    pub text: String,
    /// The form that it is in; never [`Format::Auto`].
    pub format: Format,
    /// How many rows of the list are in it.
    pub rows: usize,
}

/// Writes as many rows as fit, with a cursor where there are more. The first row, where it alone
/// does not fit, gives way to handles.
///
/// # Errors
/// When a handle cannot be made, or does not fit itself.
pub fn write_rows(
    rows: &Rows<'_>,
    format: Format,
    budget: Budget,
    blobs: &Blobs,
) -> Result<Written, ActionError> {
    let Rows { items, header, more, cursor, incomplete } = rows;
    let asked = format;
    let attempt = |count: usize, format: Format| {
        let goes_on = *more || count < items.len();
        let next = match cursor {
            Some(cursor) if goes_on => Some(cursor(count.checked_sub(1))),
            None if count < items.len() => return None,
            _ => None,
        };
        let content = match &items[..count] {
            [] => Content::Nothing(header),
            items => Content::Rows(items),
        };
        let notes = Notes { next: next.as_deref(), incomplete: *incomplete };
        let text = write_as(content, notes, format, asked)?;
        budget.holds(&text).then_some(Written { text, format, rows: count })
    };
    if let Some(written) = most_rows(items.len(), format, attempt) {
        return Ok(written);
    }
    if cursor.is_none() {
        let list: Value = items.iter().map(|item| item.json.clone()).collect();
        return write_one(&Item::same(list), *incomplete, format, budget, blobs);
    }
    let first = items.first().expect("an empty list fits");
    let goes_on = *more || items.len() > 1;
    let next = cursor.filter(|_| goes_on).map(|cursor| cursor(Some(0)));
    shrink(first, blobs, |item| {
        let content = || Content::Rows(std::slice::from_ref(item));
        let texts = format.candidates().iter().filter_map(|format| {
            let notes = Notes { next: next.as_deref(), incomplete: *incomplete };
            let text = write_as(content(), notes, *format, asked)?;
            budget.holds(&text).then_some(Written { text, format: *format, rows: 1 })
        });
        smallest(texts)
    })
}

/// Returns the attempt with the most rows, in the form that takes the fewest tokens for them. An
/// attempt of more rows must be larger.
pub(super) fn most_rows(
    length: usize,
    format: Format,
    attempt: impl Fn(usize, Format) -> Option<Written>,
) -> Option<Written> {
    let forms = format.candidates().iter().copied();
    let all = forms.clone().filter_map(|format| attempt(length, format));
    if let Some(written) = smallest(all) {
        return Some(written);
    }
    let parts = forms.filter_map(|format| largest(length, |count| attempt(count, format)));
    let parts: Vec<Written> = parts.collect();
    let most = parts.iter().map(|part| part.rows).max().unwrap_or_default();
    smallest(parts.into_iter().filter(|part| part.rows == most && most > 0))
}

/// Writes one thing; where it does not fit, its largest parts or all of it as handles.
///
/// # Errors
/// When a handle cannot be made, or does not fit itself.
pub fn write_one(
    item: &Item,
    incomplete: Option<&str>,
    format: Format,
    budget: Budget,
    blobs: &Blobs,
) -> Result<Written, ActionError> {
    let asked = format;
    let attempt = |item: &Item| {
        let texts = format.candidates().iter().filter_map(|format| {
            let notes = Notes { next: None, incomplete };
            let text = write_as(Content::One(item), notes, *format, asked)?;
            budget.holds(&text).then_some(Written { text, format: *format, rows: 1 })
        });
        smallest(texts)
    };
    match attempt(item) {
        Some(written) => Ok(written),
        None => shrink(item, blobs, attempt),
    }
}

/// Writes the beginning of a text, as much of it as fits. `cursor` is the cursor behind so many of
/// its bytes, and `more` whether the text goes on.
///
/// # Errors
/// When not even a character fits.
pub fn write_text(
    text: &str,
    more: bool,
    cursor: &dyn Fn(usize) -> String,
    format: Format,
    budget: Budget,
) -> Result<Written, ActionError> {
    let ends: Vec<usize> =
        text.char_indices().map(|(start, _)| start).chain([text.len()]).collect();
    let asked = format;
    let attempt = |count: usize, format: Format| {
        let end = ends[count];
        let next = (more || end < text.len()).then(|| cursor(end));
        let part = Item::same(text[..end].into());
        let text = write_as(Content::One(&part), next.as_deref(), format, asked)?;
        budget.holds(&text).then_some(Written { text, format, rows: count })
    };
    let last = ends.len() - 1;
    let parts = format.candidates().iter().filter_map(|format| {
        attempt(last, *format).or_else(|| largest(last, |count| attempt(count, *format)))
    });
    let parts: Vec<Written> = parts.filter(|part| part.rows > 0 || last == 0).collect();
    let most = parts.iter().map(|part| part.rows).max().unwrap_or_default();
    smallest(parts.into_iter().filter(|part| part.rows == most)).ok_or_else(too_small)
}

fn smallest(texts: impl Iterator<Item = Written>) -> Option<Written> {
    let mut texts: Vec<Written> = texts.collect();
    if texts.len() < 2 {
        return texts.pop();
    }
    texts.into_iter().min_by_key(|written| tokens::count(&written.text))
}

/// The attempt with the largest number below `length` that succeeds, where more is harder.
fn largest(length: usize, attempt: impl Fn(usize) -> Option<Written>) -> Option<Written> {
    let mut best = None;
    let (mut low, mut high) = (0, length);
    let mut step = 8.min(length);
    // Far out in growing steps, then halving: a long list is not written whole to be cut.
    while low + step < length {
        let Some(written) = attempt(low + step) else {
            high = low + step;
            break;
        };
        best = Some(written);
        low += step;
        step *= 2;
    }
    while low + 1 < high {
        let middle = low.midpoint(high);
        match attempt(middle) {
            Some(written) => {
                best = Some(written);
                low = middle;
            }
            None => high = middle,
        }
    }
    best
}

/// Puts handles in place of the largest parts, one after another, then of all, until it fits.
fn shrink(
    item: &Item,
    blobs: &Blobs,
    attempt: impl Fn(&Item) -> Option<Written>,
) -> Result<Written, ActionError> {
    if let Value::Object(members) = item.flat() {
        let mut parts: Vec<(&String, usize)> =
            members.iter().map(|(name, value)| (name, size(value))).collect();
        parts.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        let mut left = members.clone();
        // Is there any use in it?
        let small = |(name, size): &(&String, usize)| {
            (*size < SMALLEST_HANDLED).then(|| ((*name).clone(), members[*name].clone()))
        };
        let rest: Value = Value::Object(parts.iter().filter_map(small).collect());
        if attempt(&Item::same(rest)).is_some() {
            for (name, _) in parts.iter().filter(|(_, size)| *size >= SMALLEST_HANDLED) {
                left[*name] = kept(&members[*name], blobs)?;
                if let Some(written) = attempt(&Item::same(Value::Object(left.clone()))) {
                    return Ok(written);
                }
            }
        }
    }
    attempt(&Item::same(kept(&item.json, blobs)?)).ok_or_else(too_small)
}

/// The handle of a value that is kept: a text as itself, anything else as JSON.
fn kept(value: &Value, blobs: &Blobs) -> Result<Value, ActionError> {
    match value {
        Value::String(text) => blobs.keep(TEXT, text.clone().into_bytes()),
        value => blobs.keep(JSON, value.to_string().into_bytes()),
    }
}

fn too_small() -> ActionError {
    ActionError::invalid("max_tokens is too small for what is answered here: give more")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::blobs::BlobLimits;
    use super::super::format::write;
    use super::super::testing::{any_json, any_rows};
    use super::*;
    use mcp_core::SystemClock;

    fn blobs() -> Blobs {
        Blobs::new(BlobLimits::default(), SystemClock::shared(), 1)
    }

    fn rows<'a>(values: Vec<Value>, cursor: &'a Behind<'a>) -> Rows<'a> {
        let items = values.into_iter().map(Item::same).collect();
        Rows { items, header: Vec::new(), more: false, cursor: Some(cursor), incomplete: None }
    }

    fn cursor(index: usize) -> String {
        format!("abc.{index}")
    }

    fn behind(index: Option<usize>) -> String {
        index.map_or("abc.none".into(), cursor)
    }

    #[test]
    fn a_list_breaks_between_rows_with_a_cursor() {
        let tasks = (0..100).map(|id| json!({"id": id, "title": "Water the plants"})).collect();
        let rows = rows(tasks, &behind);
        let budget = Budget::tokens(100).expect("a budget");
        let written = write_rows(&rows, Format::Json, budget, &blobs()).expect("an answer");
        let answer: Value = serde_json::from_str(&written.text).expect("JSON");
        assert_eq!(answer["data"].as_array().expect("rows").len(), written.rows);
        assert_eq!(answer["next"], cursor(written.rows - 1));
        // One row more would not have fitted.
        let one_more = Content::Rows(&rows.items[..=written.rows]);
        assert!(!budget.holds(&write(one_more, Some("abc.9"), Format::Json)));
        let auto = write_rows(&rows, Format::Auto, budget, &blobs()).expect("an answer");
        assert!(auto.rows > written.rows && auto.format == Format::Csv);
        let whole = write_rows(&rows, Format::Csv, Budget::tokens(0).expect("none"), &blobs());
        assert_eq!(whole.expect("an answer").rows, 100);
    }

    #[test]
    fn what_does_not_fit_alone_becomes_a_handle() {
        let blobs = blobs();
        let body = "Lorem ipsum ".repeat(500);
        let issue = json!({"number": 7, "title": "Long", "body": body});
        let budget = Budget::tokens(100).expect("a budget");
        let written = write_one(&Item::same(issue.clone()), None, Format::Json, budget, &blobs);
        let answer: Value = serde_json::from_str(&written.expect("text").text).expect("JSON");
        assert_eq!(answer["data"]["number"], 7);
        let id = answer["data"]["body"]["blob"].as_str().expect("a handle").to_owned();
        assert_eq!(blobs.get(&id).expect("a blob").text(), Some(body.as_str()));
        let items = vec![json!(vec![body; 3]), json!(1)];
        let written = write_rows(&rows(items, &behind), Format::Json, budget, &blobs);
        let answer: Value = serde_json::from_str(&written.expect("text").text).expect("JSON");
        assert_eq!(answer["data"][0]["type"], "application/json");
        assert_eq!(answer["next"], "abc.0");
    }

    #[test]
    fn a_text_breaks_between_characters() {
        let text = "漢字かな ".repeat(300);
        let budget = Budget::tokens(60).expect("a budget");
        let written =
            write_text(&text, false, &cursor, Format::Json, budget).expect("an answer").text;
        let answer: Value = serde_json::from_str(&written).expect("JSON");
        let part = answer["data"].as_str().expect("a text");
        assert!(text.starts_with(part) && part.len() > 60, "{part}");
        assert_eq!(answer["next"], cursor(part.len()));
        let whole = write_text("", false, &cursor, Format::Toon, budget).expect("an answer");
        assert_eq!(whole.text, "\"\"");
    }

    #[test]
    fn a_budget_is_none_or_enough_for_a_handle() {
        for tokens in [1, 49] {
            assert!(Budget::tokens(tokens).is_err(), "{tokens}");
        }
        for tokens in [0, 50, 2000, usize::MAX] {
            assert!(Budget::tokens(tokens).is_ok(), "{tokens}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_budget_is_never_exceeded(
            values in any_rows(), one in any_json(), long in 0..400_usize, tokens in 50..200_usize,
            format in prop::sample::select(Format::ALL.to_vec()), more in any::<bool>(),
        ) {
            let blobs = blobs();
            let budget = Budget::tokens(tokens).expect("a budget");
            let mut values = values;
            values.push(json!({"id": 1, "text": "naïve ".repeat(long), "list": vec![7; long]}));
            let whole = Rows { more, ..rows(values.clone(), &behind) };
            for written in [
                write_rows(&whole, format, budget, &blobs),
                write_one(&Item::same(one.clone()), None, format, budget, &blobs),
                write_one(&Item::same(Value::from(values)), None, format, budget, &blobs),
            ] {
                let written = written.map_err(|error| TestCaseError::fail(error.message))?;
                prop_assert!(tokens::count(&written.text) <= tokens, "{}", written.text);
                prop_assert!(written.format != Format::Auto);
            }
        }
    }
}
