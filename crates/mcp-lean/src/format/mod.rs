//! The formats of an answer: JSON, CSV, TOON, and `auto`, which picks one of them.
//!
//! Every format can be read back: JSON and TOON by themselves, CSV by a reader who knows which columns
//! hold lists. The notes of an answer are members in JSON, and the last lines in CSV and TOON.

mod csv;
mod toon;

use std::cell::OnceCell;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::select::{Cell, Selection, Table};
use mcp_core::error::ActionError;

/// The start of a cursor's line in CSV and TOON.
pub const NEXT: &str = "# next: ";
/// The start of the line in CSV and TOON that says why something is missing.
pub const INCOMPLETE: &str = "# incomplete: ";

/// A format of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `{"data": …}`, with `"next"` if there is more.
    Json,
    /// RFC 4180 with a header line.
    Csv,
    /// Token-Oriented Object Notation, <https://toonformat.dev>.
    Toon,
    /// The format with the fewest tokens that can be read back: CSV for rows of plain values, otherwise
    /// the smallest of the three.
    Auto,
}

impl Format {
    const ALL: [Self; 4] = [Self::Json, Self::Csv, Self::Toon, Self::Auto];

    /// Returns the format's name in a query.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Toon => "toon",
            Self::Auto => "auto",
        }
    }

    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Json | Self::Auto => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Toon => "text/toon; charset=utf-8",
        }
    }

    /// Returns the format of a name.
    ///
    /// # Errors
    /// Returns `InvalidParams` for any other name.
    pub(crate) fn named(name: &Value) -> Result<Self, ActionError> {
        let is_it = |format: &Self| name.as_str() == Some(format.name());
        Self::ALL
            .into_iter()
            .find(is_it)
            .ok_or_else(|| ActionError::invalid("format must be json, csv, toon or auto"))
    }
}

/// The members of an answer besides its data.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Notes<'a> {
    /// The cursor of the next page.
    pub(crate) next: Option<&'a str>,
    /// Why something is missing from the result.
    pub(crate) incomplete: Option<&'a str>,
}

/// Rows, or one value, to write in any format.
pub(crate) struct Content<'a> {
    rows: &'a [Value],
    is_list: bool,
    selection: Selection<'a>,
    /// The columns of an empty list.
    header: Vec<&'a str>,
    table: OnceCell<Table<'a>>,
}

impl<'a> Content<'a> {
    pub(crate) fn list(rows: &'a [Value], selection: Selection<'a>) -> Self {
        let header = selection.header();
        let selection = selection.of(rows);
        Self { rows, is_list: true, selection, header, table: OnceCell::new() }
    }

    pub(crate) fn one(value: &'a Value, selection: Selection<'a>) -> Self {
        if let Value::Array(rows) = value {
            return Self::list(rows, selection);
        }
        let rows = std::slice::from_ref(value);
        let selection = selection.of_one(value);
        Self { rows, is_list: false, selection, header: Vec::new(), table: OnceCell::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    fn table(&self) -> &Table<'a> {
        self.table.get_or_init(|| self.selection.table(self.rows))
    }

    /// Returns the formats to try for the wanted one, the best first among equals.
    pub(crate) fn formats(&self, wanted: Format) -> Vec<Format> {
        if wanted != Format::Auto {
            return vec![wanted];
        }
        let is_table = self.is_list && self.table().header.is_some();
        let is_csv = !self.rows.is_empty()
            && (self.is_list || csv::is_plain(self.table()))
            && csv::can_be_read_back(self.table());
        if is_csv && is_table && csv::is_flat(self.table()) {
            // JSON and TOON repeat more than a header line.
            return vec![Format::Csv];
        }
        let mut formats = vec![Format::Json];
        formats.extend(is_csv.then_some(Format::Csv));
        formats.extend(toon::can_be_read_back(&self.to_flat()).then_some(Format::Toon));
        formats
    }

    /// Writes the first `count` rows, or the one value.
    pub(crate) fn write(&self, count: usize, format: Format, notes: Notes<'_>) -> String {
        match format {
            Format::Json | Format::Auto => self.json(count, notes),
            Format::Csv => {
                let mut text = String::new();
                if self.rows[..count].is_empty() {
                    csv::write_header(&self.header, &mut text);
                } else {
                    csv::write(self.table(), count, &mut text);
                }
                with_notes(text, notes)
            }
            Format::Toon => with_notes(toon::write(&self.flat(count)), notes),
        }
    }

    fn json(&self, count: usize, Notes { next, incomplete }: Notes<'_>) -> String {
        #[derive(Serialize)]
        struct Answer<'a, T> {
            data: T,
            #[serde(skip_serializing_if = "Option::is_none")]
            incomplete: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            next: Option<&'a str>,
        }
        let rows: Vec<_> = self.rows[..count].iter().map(|row| self.selection.json(row)).collect();
        let text = match rows.as_slice() {
            [one] if !self.is_list => {
                serde_json::to_string(&Answer { data: one, incomplete, next })
            }
            rows => serde_json::to_string(&Answer { data: rows, incomplete, next }),
        };
        text.expect("JSON values are JSON")
    }

    /// Returns all of it, as JSON shows it.
    pub(crate) fn to_json(&self) -> Value {
        let mut rows = self.rows.iter().map(|row| self.selection.json(row).into_owned());
        if self.is_list { rows.collect() } else { rows.next().unwrap_or_default() }
    }

    /// Returns all of it, with a member for each column.
    pub(crate) fn to_flat(&self) -> Value {
        self.flat(self.len())
    }

    /// Returns the first `count` rows, or the one value, with a member for each column.
    fn flat(&self, count: usize) -> Value {
        let names = self.table().header.as_deref().filter(|_| !self.selection.header().is_empty());
        let mut rows: Vec<Value> = match names {
            None => self.rows[..count].to_vec(),
            Some(names) => {
                let row = |row: &Vec<_>| {
                    let member = |(name, cell): (&&str, &Cell<'_>)| {
                        ((*name).to_owned(), cell.as_deref().cloned().unwrap_or_default())
                    };
                    Value::Object(names.iter().zip(row).map(member).collect::<Map<_, _>>())
                };
                self.table().rows[..count].iter().map(row).collect()
            }
        };
        if self.is_list { Value::Array(rows) } else { rows.pop().unwrap_or_default() }
    }
}

/// Writes an error as the lean API shows it: `{"error": …}`, with the action's signature if the call was
/// wrong.
#[must_use]
pub fn error_text(error: &ActionError) -> String {
    let mut text = serde_json::json!({"error": error.message});
    if let Some(signature) = &error.signature {
        text["signature"] = signature.as_str().into();
    }
    text.to_string()
}

fn with_notes(mut text: String, notes: Notes<'_>) -> String {
    for (start, note) in [(INCOMPLETE, notes.incomplete), (NEXT, notes.next)] {
        let Some(note) = note else { continue };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(start);
        // A note is one line: an upstream may have written it.
        text.push_str(&note.replace(char::is_control, " "));
    }
    text
}

#[cfg(test)]
mod tests;
