//! Reading answers back: what a client that knows the kinds of columns gets from CSV.

use serde_json::{Map, Value, json};

/// The header of a column without a name.
const VALUE: &str = "value";

/// The knowledge of a reader of CSV: whether the data is a list, and the kinds of its columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    /// Whether it is one thing and not a list.
    pub(super) is_one: bool,
    /// Whether its rows have no names: a list of plain values.
    pub(super) is_plain: bool,
    /// The columns that hold lists.
    pub(super) lists: Vec<String>,
    /// The columns that hold objects.
    pub(super) objects: Vec<String>,
}

impl Columns {
    /// Those of the data.
    pub(super) fn of(data: &Value) -> Self {
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

/// Reads what [`write`] has written.
///
/// # Errors
/// With what is wrong with the text.
pub(super) fn read(text: &str, columns: &Columns) -> Result<Value, &'static str> {
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

/// The values that a column may hold besides plain ones.
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

/// The data without empty lists: a cell with nothing in it is nothing, and so is a list.
pub(super) fn without_nothing(data: &Value) -> Value {
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

/// Whether two values say the same: numbers by their value, and a member that is null like one that
/// is not there.
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
