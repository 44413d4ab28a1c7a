//! CSV: RFC 4180 with a header line, and two rules more: a list in a cell is joined by `;`, an
//! object is JSON.
//!
//! A text that could be taken for something else (a number, a list, nothing) is quoted, which RFC
//! 4180 allows everywhere and its readers do not see. A list that `;` could not take apart again is
//! JSON.

use serde_json::{Map, Value};

use super::says_the_same;

/// The header of a column that has no name: a list of plain values, or one.
const VALUE: &str = "value";

/// Writes a list, or one thing as the only row; nothing for an empty list, whose [`header`] the data
/// does not say.
#[must_use]
pub fn write(data: &Value) -> String {
    let rows = rows(data);
    if rows.is_empty() {
        return String::new();
    }
    let Some(columns) = columns(rows) else {
        let mut lines = vec![VALUE.to_owned()];
        lines.extend(rows.iter().map(|row| line(cell(row))));
        return lines.join("\n");
    };
    let mut lines = vec![header(&columns)];
    for row in rows {
        let of = |name: &&str| row.get(*name).map_or_else(String::new, cell);
        lines.push(line(columns.iter().map(of).collect::<Vec<_>>().join(",")));
    }
    lines.join("\n")
}

/// The line of the columns' names.
#[must_use]
pub fn header(columns: &[impl AsRef<str>]) -> String {
    columns.iter().map(|name| text(name.as_ref())).collect::<Vec<_>>().join(",")
}

/// A line that is not empty: many readers skip those.
fn line(line: String) -> String {
    if line.is_empty() { quoted("") } else { line }
}

/// Whether no cell is a list or an object.
#[must_use]
pub fn is_plain(data: &Value) -> bool {
    let columns = Columns::of(data);
    columns.lists.is_empty() && columns.objects.is_empty()
}

/// Whether the data can be read back from its CSV.
#[must_use]
pub fn keeps(data: &Value) -> bool {
    let read = read(&write(data), &Columns::of(data));
    read.is_ok_and(|read| says_the_same(&without_nothing(&read), &without_nothing(data)))
}

/// The data without empty lists: a cell with nothing in it is nothing, and so is a list.
fn without_nothing(data: &Value) -> Value {
    let is_nothing = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    let row = |row: &Value| match row {
        Value::Object(members) => {
            let left = members.iter().filter(|(_, value)| !is_nothing(value));
            Value::Object(left.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        other => other.clone(),
    };
    match data {
        Value::Array(rows) => rows.iter().map(row).collect(),
        one => row(one),
    }
}

fn rows(data: &Value) -> &[Value] {
    match data {
        Value::Array(rows) => rows,
        one => std::slice::from_ref(one),
    }
}

/// The columns of rows that are objects, each name once; none where they are anything else.
fn columns(rows: &[Value]) -> Option<Vec<&str>> {
    let mut columns: Vec<&str> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for row in rows {
        for name in row.as_object()?.keys() {
            if seen.insert(name.as_str()) {
                columns.push(name);
            }
        }
    }
    // A line without a cell would be no line.
    (!columns.is_empty()).then_some(columns)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(string) => text(string),
        Value::Array(items) => match joined(items) {
            Some(list) => quoted_where_needed(&list, false),
            None => quoted(&value.to_string()),
        },
        Value::Object(_) => quoted(&value.to_string()),
    }
}

/// A text; in quotes where it would be taken for something else.
fn text(string: &str) -> String {
    let is_like_another = string.is_empty()
        || matches!(string, "true" | "false" | "null")
        || string.starts_with(['[', '{', '#', ' ', '\t'])
        || string.ends_with([' ', '\t'])
        || string.contains(';')
        || serde_json::from_str::<serde_json::Number>(string).is_ok();
    quoted_where_needed(string, is_like_another)
}

/// A list with `;` between its items, where it can be taken apart again.
fn joined(items: &[Value]) -> Option<String> {
    let mut parts = Vec::with_capacity(items.len());
    for item in items {
        let part = match item {
            Value::Bool(_) | Value::Number(_) => item.to_string(),
            Value::String(string) if is_itself(string) => string.clone(),
            _ => return None,
        };
        parts.push(part);
    }
    Some(parts.join(";"))
}

/// Whether a text in a list is taken for itself.
fn is_itself(string: &str) -> bool {
    !string.is_empty()
        && !string.contains(';')
        && !string.starts_with(['[', '{', '#'])
        && item(string) == Value::String(string.to_owned())
}

fn quoted_where_needed(string: &str, needed: bool) -> String {
    if needed || string.contains([',', '"', '\n', '\r']) {
        quoted(string)
    } else {
        string.to_owned()
    }
}

fn quoted(string: &str) -> String {
    format!("\"{}\"", string.replace('"', "\"\""))
}

/// What a reader of CSV knows beforehand: what the data is, and which columns hold lists.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// Whether it is one thing and not a list.
    pub is_one: bool,
    /// Whether its rows have no names: a list of plain values.
    pub is_plain: bool,
    /// The columns that hold lists.
    pub lists: Vec<String>,
    /// The columns that hold objects.
    pub objects: Vec<String>,
}

impl Columns {
    /// Those of the data.
    #[must_use]
    pub fn of(data: &Value) -> Self {
        let rows = rows(data);
        let names = columns(rows);
        let holding = |is: fn(&Value) -> bool| -> Vec<String> {
            let Some(names) = &names else {
                return rows.iter().any(is).then(|| VALUE.to_owned()).into_iter().collect();
            };
            let holds = |name: &&&str| rows.iter().filter_map(|row| row.get(**name)).any(is);
            names.iter().filter(holds).map(|name| (*name).to_owned()).collect()
        };
        Self {
            is_one: !data.is_array(),
            is_plain: names.is_none(),
            lists: holding(Value::is_array),
            objects: holding(Value::is_object),
        }
    }
}

/// Reads what [`write`] has written.
///
/// # Errors
/// With what is wrong with the text.
pub fn read(text: &str, columns: &Columns) -> Result<Value, &'static str> {
    let mut lines = records(text)?.into_iter();
    let header = lines.next().ok_or("no header")?;
    let kind = |name: &String| Kind {
        lists: columns.lists.contains(name),
        objects: columns.objects.contains(name),
    };
    let mut rows = Vec::new();
    for line in lines {
        if line.len() != header.len() {
            return Err("a line with more or fewer cells than the header");
        }
        let cells = header.iter().zip(line);
        if columns.is_plain {
            rows.extend(cells.map(|(name, cell)| cell.value(kind(&name.text))));
            continue;
        }
        let mut row = Map::new();
        for (name, cell) in cells {
            row.insert(name.text.clone(), cell.value(kind(&name.text)));
        }
        rows.push(Value::Object(row));
    }
    if columns.is_one { rows.into_iter().next().ok_or("no row") } else { Ok(rows.into()) }
}

/// A cell as it stands there.
#[derive(Default)]
struct Cell {
    text: String,
    is_quoted: bool,
}

/// What a column may hold beside plain values.
#[derive(Clone, Copy)]
struct Kind {
    lists: bool,
    objects: bool,
}

impl Cell {
    fn value(self, kind: Kind) -> Value {
        let Self { text, is_quoted } = self;
        if text.is_empty() && !is_quoted {
            return if kind.lists { Value::Array(Vec::new()) } else { Value::Null };
        }
        if is_quoted && (kind.lists || kind.objects) {
            let json = serde_json::from_str::<Value>(&text).ok();
            let is_held = |value: &Value| {
                (kind.lists && value.is_array()) || (kind.objects && value.is_object())
            };
            if let Some(value) = json.filter(is_held) {
                return value;
            }
        }
        if kind.lists {
            return text.split(';').map(item).collect();
        }
        if is_quoted { text.into() } else { item(&text) }
    }
}

/// A plain value that stands without quotes.
fn item(text: &str) -> Value {
    match text {
        "true" => true.into(),
        "false" => false.into(),
        "null" => Value::Null,
        _ => serde_json::from_str::<serde_json::Number>(text)
            .map_or_else(|_| text.into(), Value::Number),
    }
}

/// RFC 4180, section 2.
fn records(text: &str) -> Result<Vec<Vec<Cell>>, &'static str> {
    let mut records = vec![vec![Cell::default()]];
    let mut chars = text.chars().peekable();
    let mut in_quotes = false;
    while let Some(c) = chars.next() {
        let record = records.last_mut().expect("there is one from the start");
        let cell = record.last_mut().expect("a record has a cell");
        match c {
            '"' if in_quotes && chars.peek() == Some(&'"') => {
                chars.next();
                cell.text.push('"');
            }
            '"' if in_quotes => in_quotes = false,
            '"' if cell.text.is_empty() && !cell.is_quoted => {
                (in_quotes, cell.is_quoted) = (true, true);
            }
            '"' => return Err("a quote within a cell"),
            c if in_quotes => cell.text.push(c),
            ',' => record.push(Cell::default()),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => records.push(vec![Cell::default()]),
            c => cell.text.push(c),
        }
    }
    if in_quotes { Err("a cell that does not end") } else { Ok(records) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::super::testing::{any_json, any_rows, any_text};
    use super::*;

    #[test]
    fn lists_are_joined_objects_are_json_and_keys_stand_once() {
        let rows = json!([
            {"number": 1, "title": "a, \"b\"", "labels": ["bug", "ui"], "user": {"id": 1}},
            {"number": 2, "title": "7", "labels": [], "user": null},
            {"number": 3, "title": "", "labels": ["a;b"]},
            {"number": 4, "title": "x"},
        ]);
        assert_eq!(
            write(&rows),
            "number,title,labels,user\n\
             1,\"a, \"\"b\"\"\",bug;ui,\"{\"\"id\"\":1}\"\n\
             2,\"7\",,\n\
             3,\"\",\"[\"\"a;b\"\"]\",\n\
             4,x,,"
        );
        assert!(keeps(&rows));
    }

    #[test]
    fn what_is_no_table_has_one_column() {
        assert_eq!(write(&json!(["alice", "bob, jr"])), "value\nalice\n\"bob, jr\"");
        assert_eq!(write(&json!(5)), "value\n5");
        assert_eq!(write(&json!({"id": 7})), "id\n7");
        assert_eq!(write(&json!([])), "");
    }

    #[test]
    fn no_cell_begins_like_the_line_of_a_cursor() {
        assert_eq!(
            write(&json!([{"a": "# next: x"}, {"a": ["# next: x"]}])),
            "a\n\"# next: x\"\n\"[\"\"# next: x\"\"]\""
        );
    }

    proptest! {
        #[test]
        fn what_can_be_read_back_is_and_the_rest_is_known(rows in any_rows(), one in any_json()) {
            for data in [Value::from(rows), one] {
                let text = write(&data);
                let Ok(read) = read(&text, &Columns::of(&data)) else {
                    prop_assert!(!keeps(&data));
                    continue;
                };
                let same = says_the_same(&without_nothing(&read), &without_nothing(&data));
                prop_assert_eq!(same, keeps(&data));
            }
        }

        #[test]
        fn rows_of_texts_always_survive(rows in prop::collection::vec(
            prop::collection::vec(any_text(), 3), 1..6,
        )) {
            let rows: Value = rows
                .iter()
                .map(|row| json!({"a": row[0], "b": row[1], "n": row[2].len(), "m": [row[2]]}))
                .collect();
            prop_assert!(keeps(&rows), "{}", write(&rows));
        }
    }
}
