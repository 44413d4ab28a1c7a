//! CSV: RFC 4180 with a header line, and two additions: a list in a cell is joined by `;`, and an object
//! is JSON.
//!
//! A text that could be read as something else (a number, a list, nothing) is quoted. RFC 4180 allows
//! quotes everywhere. A list that `;` cannot take apart again is JSON.

use std::fmt::Write as _;

use serde_json::{Number, Value};

use crate::select::{Cell, Table};

/// The header of a column without a name: a list of plain values, or one.
const VALUE: &str = "value";

/// Appends the header and the first `count` rows of a table.
pub(super) fn write(table: &Table<'_>, count: usize, out: &mut String) {
    match &table.header {
        Some(header) => write_header(header, out),
        None => out.push_str(VALUE),
    }
    for row in &table.rows[..count] {
        out.push('\n');
        let start = out.len();
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            write_cell(cell, out);
        }
        if out.len() == start {
            // Many readers skip an empty line.
            out.push_str("\"\"");
        }
    }
}

/// Appends the line of the columns' names.
pub(super) fn write_header(header: &[&str], out: &mut String) {
    for (at, name) in header.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_text(name, out);
    }
}

/// Returns whether each column holds one kind of value, so that a reader who knows which columns hold
/// lists or objects gets the same values back.
pub(super) fn can_be_read_back(table: &Table<'_>) -> bool {
    let width = table.header.as_ref().map_or(1, Vec::len);
    (0..width).all(|at| {
        let (mut lists, mut objects, mut texts, mut others, mut empty) =
            (false, false, false, false, false);
        for row in &table.rows {
            match row[at].as_deref() {
                None | Some(Value::Null) => empty = true,
                Some(Value::Array(items)) => {
                    lists = true;
                    empty |= items.is_empty();
                }
                Some(Value::Object(_)) => objects = true,
                Some(Value::String(_)) => texts = true,
                Some(Value::Bool(_) | Value::Number(_)) => others = true,
            }
        }
        // A lone empty cell is written as an empty text.
        !(lists && (texts || others || objects) || objects && texts || width == 1 && empty)
    })
}

/// Returns whether no cell is an object, or a list that has to be JSON.
pub(super) fn is_flat(table: &Table<'_>) -> bool {
    let is_flat = |cell: &Cell<'_>| match cell.as_deref() {
        Some(Value::Object(_)) => false,
        Some(Value::Array(items)) => items.iter().all(is_item),
        _ => true,
    };
    table.rows.iter().flatten().all(is_flat)
}

/// Returns whether no cell is a list or an object.
pub(super) fn is_plain(table: &Table<'_>) -> bool {
    let is_plain =
        |cell: &Cell<'_>| !matches!(cell.as_deref(), Some(Value::Array(_) | Value::Object(_)));
    table.rows.iter().flatten().all(is_plain)
}

fn write_cell(cell: &Cell<'_>, out: &mut String) {
    match cell.as_deref() {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => write_text(text, out),
        Some(Value::Array(items)) if items.iter().all(is_item) => {
            let texts = items.iter().map(|item| match item {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            let list = texts.collect::<Vec<_>>().join(";");
            quote_if(needs_quotes(&list), &list, out);
        }
        Some(value @ (Value::Array(_) | Value::Object(_))) => {
            quote_if(true, &value.to_string(), out);
        }
        Some(plain) => write!(out, "{plain}").expect("a String takes everything"),
    }
}

/// Appends a text, in quotes if it could be read as something else.
fn write_text(text: &str, out: &mut String) {
    let is_ambiguous = text.is_empty()
        || text.starts_with(['[', '{', '#', ' ', '\t'])
        || text.ends_with([' ', '\t'])
        || text.contains(';')
        || !is_word(text);
    quote_if(is_ambiguous || needs_quotes(text), text, out);
}

/// Returns whether a value in a list is read back from its text between two `;`.
fn is_item(item: &Value) -> bool {
    match item {
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => {
            !text.is_empty()
                && !text.contains(';')
                && !text.starts_with(['[', '{', '#'])
                && is_word(text)
        }
        _ => false,
    }
}

/// Returns whether a text without quotes is read as a text: not as a number, a truth value or null.
fn is_word(text: &str) -> bool {
    let may_be_number =
        text.trim_start().starts_with(|first: char| first == '-' || first.is_ascii_digit());
    !(matches!(text, "true" | "false" | "null")
        || may_be_number && serde_json::from_str::<Number>(text).is_ok())
}

fn needs_quotes(text: &str) -> bool {
    text.contains([',', '"', '\n', '\r'])
}

fn quote_if(is_needed: bool, text: &str, out: &mut String) {
    if !is_needed {
        out.push_str(text);
        return;
    }
    out.push('"');
    for (at, part) in text.split('"').enumerate() {
        if at > 0 {
            out.push_str("\"\"");
        }
        out.push_str(part);
    }
    out.push('"');
}
