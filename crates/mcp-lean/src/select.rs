//! The part of each row that an answer shows: named fields, or the columns of the action's summary.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::{Map, Value};

use super::fields::{self, FieldPath, Fields};
use super::reduce::size;
use mcp_core::action::{Column, Shown};

/// The length of the day in an ISO 8601 time.
const DAY: usize = "2026-02-16".len();
/// The length of an ISO 8601 time to the second.
const SECOND: usize = "2026-02-16T16:00:00".len();

/// A value of a row, by column; `None` if the row has no such field.
pub(crate) type Cell<'a> = Option<Cow<'a, Value>>;

/// Selects what is shown of rows.
#[derive(Clone, Copy)]
pub(crate) struct Selection<'a> {
    pub(crate) fields: &'a Fields,
    pub(crate) columns: &'a [Column],
}

impl<'a> Selection<'a> {
    /// Everything.
    pub(crate) const ALL: Self = Self { fields: &Fields::All, columns: &[] };

    /// Returns the names of the columns; none if rows are shown as they are.
    pub(crate) fn header(self) -> Vec<&'a str> {
        match self.fields {
            Fields::All => Vec::new(),
            Fields::Summary => self.columns.iter().map(|column| column.name).collect(),
            Fields::Named(paths) => paths.iter().map(FieldPath::as_str).collect(),
        }
    }

    /// Returns the selection for these rows: a summary needs columns, and rows that are objects.
    pub(crate) fn of(self, rows: &[Value]) -> Self {
        let is_whole = *self.fields == Fields::Summary
            && (self.columns.is_empty() || !rows.iter().all(Value::is_object));
        if is_whole { Self::ALL } else { self }
    }

    /// Returns the selection for one value: if it has no column of the summary, all of it is shown.
    pub(crate) fn of_one(self, value: &Value) -> Self {
        let has_column = |column: &Column| fields::is_in(value, column.path);
        let is_whole = *self.fields == Fields::Summary && !self.columns.iter().any(has_column);
        if is_whole { Self::ALL } else { self.of(std::slice::from_ref(value)) }
    }

    fn cells(self, row: &Value) -> Vec<Cell<'_>> {
        match self.fields {
            Fields::All => Vec::new(),
            Fields::Summary => self.columns.iter().map(|column| cell(row, column)).collect(),
            Fields::Named(paths) => {
                paths.iter().map(|path| fields::find(row, path.as_str())).collect()
            }
        }
    }

    /// Returns a row as JSON shows it: named fields keep their place in the row.
    pub(crate) fn json(self, row: &Value) -> Cow<'_, Value> {
        match self.fields {
            Fields::All => Cow::Borrowed(row),
            Fields::Summary => Cow::Owned(summary(row, self.columns)),
            Fields::Named(_) => Cow::Owned(fields::prune(row, &self.header())),
        }
    }

    /// Returns about how many bytes of JSON are shown of a row.
    pub(crate) fn size(self, row: &Value) -> usize {
        let selection = self.of(std::slice::from_ref(row));
        if *selection.fields == Fields::All {
            return size(row);
        }
        let cells = selection.header().into_iter().zip(selection.cells(row));
        let of = |(name, cell): (&str, Cell<'_>)| cell.map(|cell| name.len() + 4 + size(&cell));
        cells.filter_map(of).sum()
    }

    /// Returns rows as a table, for the formats that have one.
    pub(crate) fn table(self, rows: &'a [Value]) -> Table<'a> {
        if *self.fields == Fields::All {
            return Table::of_members(rows);
        }
        let mut header = self.header();
        let mut rows: Vec<_> = rows.iter().map(|row| self.cells(row)).collect();
        let has_value = |cell: &Cell<'_>| cell.as_ref().is_some_and(|cell| !cell.is_null());
        let used: Vec<bool> =
            (0..header.len()).map(|at| rows.iter().any(|row| has_value(&row[at]))).collect();
        // A table keeps one column at least, so that its rows can be counted.
        if used.contains(&true) && used.contains(&false) {
            for row in &mut rows {
                retain(row, &used);
            }
            retain(&mut header, &used);
        }
        Table { header: Some(header), rows }
    }
}

fn retain<T>(items: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    items.retain(|_| *keep.next().expect("as many flags as items"));
}

/// Rows with the same columns.
pub(crate) struct Table<'a> {
    /// The names of the columns; `None` for a list of values that are not objects.
    pub(crate) header: Option<Vec<&'a str>>,
    pub(crate) rows: Vec<Vec<Cell<'a>>>,
}

impl<'a> Table<'a> {
    /// Takes each member of the rows as a column.
    fn of_members(rows: &'a [Value]) -> Self {
        let (mut header, mut seen) = (Vec::new(), HashSet::new());
        for row in rows {
            let Some(members) = row.as_object() else { return Self::of_values(rows) };
            header.extend(members.keys().map(String::as_str).filter(|name| seen.insert(*name)));
        }
        if header.is_empty() {
            return Self::of_values(rows);
        }
        let cells = |row: &'a Value| header.iter().map(|name| row.get(name).map(Cow::Borrowed));
        let rows = rows.iter().map(|row| cells(row).collect()).collect();
        Self { header: Some(header), rows }
    }

    fn of_values(rows: &'a [Value]) -> Self {
        Self { header: None, rows: rows.iter().map(|row| vec![Some(Cow::Borrowed(row))]).collect() }
    }
}

/// Returns the summary of a row: its columns, without nulls. A value that is not an object is its own
/// summary.
fn summary(row: &Value, columns: &[Column]) -> Value {
    if columns.is_empty() || !row.is_object() {
        return row.clone();
    }
    let member = |column: &Column| {
        let value = cell(row, column).filter(|value| !value.is_null())?;
        Some((column.name.to_owned(), value.into_owned()))
    };
    Value::Object(columns.iter().filter_map(member).collect::<Map<_, _>>())
}

/// Returns what a column shows of a row.
pub(crate) fn cell<'a>(row: &'a Value, column: &Column) -> Cell<'a> {
    let value = fields::find(row, column.path)?;
    let shown = match column.shown {
        Shown::Whole => None,
        Shown::Rows(columns) => {
            let rows = value.as_array();
            rows.map(|rows| rows.iter().map(|row| summary(row, columns)).collect())
        }
        Shown::True => return (*value == true).then_some(value),
        Shown::There => return (!value.is_null()).then_some(Cow::Owned(true.into())),
        Shown::Tail => value
            .as_str()
            .and_then(|text| text.rmatch_indices('/').nth(1).map(|(slash, _)| &text[slash + 1..]))
            .map(Value::from),
        Shown::Day => time(&value, DAY),
        Shown::Second => time(&value, SECOND),
    };
    Some(shown.map_or(value, Cow::Owned))
}

/// Returns the beginning of a time; `None` if the value is not a time.
fn time(value: &Value, length: usize) -> Option<Value> {
    let text = value.as_str()?;
    let is_time = text.get(DAY..).is_some_and(|rest| rest.starts_with('T'));
    is_time.then(|| text.get(..length).map(Value::from)).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::format::{Content, Format, Notes};
    use super::*;

    const COLUMNS: &[Column] =
        &[Column::of("number"), Column::of("milestone"), Column::at("user", "user.login")];

    fn rows() -> Vec<Value> {
        vec![
            json!({"number": 1, "user": null, "milestone": null, "body": "x"}),
            json!({"number": 2, "user": {"login": "octocat", "id": 1}, "milestone": null}),
        ]
    }

    fn written(fields: &Value, format: Format) -> String {
        let fields = Fields::read(fields).expect("fields");
        let rows = rows();
        let selection = Selection { fields: &fields, columns: COLUMNS };
        Content::list(&rows, selection).write(rows.len(), format, Notes::default())
    }

    #[test]
    fn json_keeps_the_shape_and_the_others_have_columns() {
        assert_eq!(
            written(&json!(null), Format::Json),
            r#"{"data":[{"number":1},{"number":2,"user":"octocat"}]}"#
        );
        assert_eq!(written(&json!(null), Format::Csv), "number,user\n1,\n2,octocat");
        assert_eq!(
            written(&json!("user.login,number"), Format::Json),
            r#"{"data":[{"user":null,"number":1},{"user":{"login":"octocat"},"number":2}]}"#
        );
        assert_eq!(
            written(&json!("user.login,number"), Format::Csv),
            "user.login,number\n,1\noctocat,2"
        );
        assert_eq!(
            written(&json!("user.login,number"), Format::Toon),
            "[2]{user.login,number}:\n  null,1\n  octocat,2"
        );
        assert_eq!(written(&json!("milestone"), Format::Csv), "milestone\n\"\"\n\"\"");
        assert_eq!(
            written(&json!("*"), Format::Csv),
            "number,user,milestone,body\n1,,,x\n2,\"{\"\"login\"\":\"\"octocat\"\",\"\"id\"\":1}\",,"
        );
    }

    #[test]
    fn a_summary_is_short_and_has_no_nulls() {
        const COLUMNS: &[Column] = &[
            Column::of("number"),
            Column::at("user", "user.login"),
            Column::at("labels", "labels.name"),
            Column::day("updated_at"),
            Column::day("closed_at"),
            Column::second("created_at"),
            Column::flag("draft"),
            Column::flag("locked"),
            Column::there("pull_request"),
            Column::there("milestone"),
            Column::tail("repository_url"),
            Column::of("nope"),
        ];
        let row = json!({
            "number": 7, "title": "x", "user": {"login": "octocat"}, "labels": [{"name": "bug"}],
            "updated_at": "2026-02-16T15:14:57Z", "closed_at": null, "created_at": "2026-02-16T15:14:57.123456", "draft": true, "locked": false,
            "pull_request": {"url": "x"}, "milestone": null,
            "repository_url": "https://api.github.com/repos/octocat/Hello-World",
        });
        assert_eq!(
            summary(&row, COLUMNS).to_string(),
            r#"{"number":7,"user":"octocat","labels":["bug"],"updated_at":"2026-02-16","created_at":"2026-02-16T15:14:57","draft":true,"pull_request":true,"repository_url":"octocat/Hello-World"}"#
        );
        assert_eq!(summary(&json!("alice"), COLUMNS), json!("alice"));
    }
}
