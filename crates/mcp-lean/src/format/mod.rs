//! The forms in which data is written: JSON, CSV, TOON, and whichever of them is smallest.
//!
//! Every form can be read back. JSON says all by itself; CSV by who knows which columns hold lists;
//! TOON as its specification has it. Where a cursor follows, JSON has it as `next`, the others as
//! their last line; the reason why a result is incomplete comes before it.

pub mod csv;
pub mod toon;

use serde_json::{Value, json};

use mcp_core::error::ActionError;

/// How the line of a cursor begins in CSV and TOON.
pub const NEXT: &str = "# next: ";
/// How the line begins in CSV and TOON that says that something is missing from the result.
pub const INCOMPLETE: &str = "# incomplete: ";

/// A form in which data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `{"data": …}`, and `"next"` where there is more.
    Json,
    /// RFC 4180 with a header line.
    Csv,
    /// Token-Oriented Object Notation, <https://toonformat.dev>.
    Toon,
    /// The smallest of them, in tokens, from which the data can be read back.
    Auto,
}

impl Format {
    /// Every form, in the order in which they are listed to people.
    pub const ALL: [Self; 4] = [Self::Json, Self::Csv, Self::Toon, Self::Auto];

    /// Its name in a query.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Toon => "toon",
            Self::Auto => "auto",
        }
    }

    /// The media type of an answer in it.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json | Self::Auto => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Toon => "text/toon; charset=utf-8",
        }
    }

    /// The form of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(name: &Value) -> Result<Self, ActionError> {
        let known = |format: &Self| name.as_str() == Some(format.name());
        Self::ALL
            .into_iter()
            .find(known)
            .ok_or_else(|| ActionError::invalid("format must be json, csv, toon or auto"))
    }

    /// What is tried for it, the best first among equals.
    #[must_use]
    pub fn candidates(self) -> &'static [Self] {
        match self {
            Self::Json => &[Self::Json],
            Self::Csv => &[Self::Csv],
            Self::Toon => &[Self::Toon],
            Self::Auto => &[Self::Json, Self::Csv, Self::Toon],
        }
    }
}

/// Something to be written: in JSON with its shape kept, elsewhere flat, a member for each column.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// In JSON.
    pub json: Value,
    /// In CSV and TOON, where it differs.
    pub flat: Option<Value>,
}

impl Item {
    /// The same in every form.
    #[must_use]
    pub fn same(value: Value) -> Self {
        Self { json: value, flat: None }
    }

    /// What CSV and TOON write.
    #[must_use]
    pub fn flat(&self) -> &Value {
        self.flat.as_ref().unwrap_or(&self.json)
    }
}

/// What is to be written.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// A list.
    Rows(&'a [Item]),
    /// A list of none, with the columns that it would have.
    Nothing(&'a [String]),
    /// One thing.
    One(&'a Item),
}

/// The members of an answer besides its data.
#[derive(Clone, Copy, Debug, Default)]
pub struct Notes<'a> {
    /// The cursor behind the data.
    pub next: Option<&'a str>,
    /// Why something is missing from the result.
    pub incomplete: Option<&'a str>,
}

impl<'a> From<Option<&'a str>> for Notes<'a> {
    fn from(next: Option<&'a str>) -> Self {
        Self { next, incomplete: None }
    }
}

/// Writes it in a form that is not [`Format::Auto`].
#[must_use]
pub fn write<'a>(content: Content<'_>, notes: impl Into<Notes<'a>>, format: Format) -> String {
    let notes = notes.into();
    match format {
        Format::Json | Format::Auto => json_text(content, notes),
        Format::Csv => {
            let text = match content {
                Content::Nothing(columns) => csv::header(columns),
                content => csv::write(&flat(content)),
            };
            with_notes(text, notes)
        }
        Format::Toon => with_notes(toon::write(&flat(content)), notes),
    }
}

/// Writes it in a form that is tried for the one that was asked for: [`Format::Auto`] takes none
/// from which the data could not be read back.
#[must_use]
pub fn write_as<'a>(
    content: Content<'_>,
    notes: impl Into<Notes<'a>>,
    format: Format,
    asked: Format,
) -> Option<String> {
    let is_faithful = match format {
        Format::Csv if asked == Format::Auto => {
            let data = flat(content);
            // Which columns hold lists is known of rows; one thing may hold anything.
            let is_known = matches!(content, Content::Rows(_)) || csv::is_plain(&data);
            // A header alone does not say that there is nothing below it.
            let is_empty = data.as_array().is_some_and(Vec::is_empty);
            is_known && !is_empty && csv::keeps(&data)
        }
        Format::Toon if asked == Format::Auto => toon::keeps(&flat(content)),
        _ => true,
    };
    is_faithful.then(|| write(content, notes, format))
}

fn json_text(content: Content<'_>, notes: Notes<'_>) -> String {
    #[derive(serde::Serialize)]
    struct Answer<'a, T> {
        data: T,
        #[serde(skip_serializing_if = "Option::is_none")]
        incomplete: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<&'a str>,
    }
    let Notes { next, incomplete } = notes;
    let text = match content {
        Content::Rows(rows) => {
            let data: Vec<&Value> = rows.iter().map(|row| &row.json).collect();
            serde_json::to_string(&Answer { data, incomplete, next })
        }
        Content::Nothing(_) => {
            serde_json::to_string(&Answer::<[Value; 0]> { data: [], incomplete, next })
        }
        Content::One(item) => serde_json::to_string(&Answer { data: &item.json, incomplete, next }),
    };
    text.expect("JSON values are JSON")
}

fn with_notes(mut text: String, notes: Notes<'_>) -> String {
    for (start, note) in [(INCOMPLETE, notes.incomplete), (NEXT, notes.next)] {
        let Some(note) = note else { continue };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(start);
        // A note is one line, whatever an upstream says in it.
        text.push_str(&note.replace(char::is_control, " "));
    }
    text
}

fn flat(content: Content<'_>) -> Value {
    match content {
        Content::Rows(rows) => rows.iter().map(|row| row.flat().clone()).collect(),
        Content::Nothing(_) => Value::Array(Vec::new()),
        Content::One(item) => item.flat().clone(),
    }
}

/// Whether two values say the same: numbers by their value, and a member that is null like one that
/// is not there.
#[must_use]
pub(super) fn says_the_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let is_in = |of: &serde_json::Map<String, Value>, name: &String, value: &Value| {
                value.is_null() || of.get(name).is_some_and(|other| says_the_same(value, other))
            };
            one.iter().all(|(name, value)| is_in(other, name, value))
                && other.iter().all(|(name, value)| is_in(one, name, value))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| says_the_same(one, other))
        }
        (Value::Number(one), Value::Number(other)) => {
            one == other || (one.is_f64() || other.is_f64()) && exactly(one) == exactly(other)
        }
        (one, other) => one == other,
    }
}

/// A number as a whole one where it is one: `1.0` is `1`.
fn exactly(number: &serde_json::Number) -> Value {
    match number.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
        Some(double) if double.fract() == 0.0 && double.abs() < 9e15 => json!(double as i64),
        _ => Value::Number(number.clone()),
    }
}
