//! The summary of a row: the columns that its action declares, short and without nulls.

use serde_json::{Map, Value};

use super::fields;
use mcp_core::action::{Column, Shown};

/// How many characters of an ISO 8601 time are its day.
const DAY: usize = "2026-02-16".len();
/// How many are it to the second.
const SECOND: usize = "2026-02-16T16:00:00".len();

/// The summary of a row; a row that is no object is its own.
#[must_use]
pub(super) fn of(row: &Value, columns: &[Column]) -> Value {
    if columns.is_empty() || !row.is_object() {
        return row.clone();
    }
    let mut summary = Map::new();
    for column in columns {
        if let Some(value) = cell(row, column).filter(|value| !value.is_null()) {
            summary.insert(column.name.to_owned(), value);
        }
    }
    Value::Object(summary)
}

/// What a column shows of a row.
#[must_use]
pub(super) fn cell(row: &Value, column: &Column) -> Option<Value> {
    let value = fields::find(row, column.path)?;
    match column.shown {
        Shown::Whole => Some(value),
        Shown::Rows(columns) => match value {
            Value::Array(rows) => Some(rows.iter().map(|row| of(row, columns)).collect()),
            other => Some(other),
        },
        Shown::True => (value == true).then_some(value),
        Shown::There => (!value.is_null()).then_some(Value::Bool(true)),
        Shown::Tail => match value.as_str().map(|text| text.rmatch_indices('/').nth(1)) {
            Some(Some((slash, _))) => {
                value.as_str().and_then(|text| text.get(slash + 1..)).map(Value::from)
            }
            _ => Some(value),
        },
        Shown::Day => Some(time(&value, DAY).unwrap_or(value)),
        Shown::Second => Some(time(&value, SECOND).unwrap_or(value)),
    }
}

/// The beginning of a time; none of what is no time.
fn time(value: &Value, length: usize) -> Option<Value> {
    let text = value.as_str()?;
    let is_time = text.get(DAY..).is_some_and(|rest| rest.starts_with('T'));
    is_time.then(|| text.get(..length).map(Value::from)).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
            of(&row, COLUMNS).to_string(),
            r#"{"number":7,"user":"octocat","labels":["bug"],"updated_at":"2026-02-16","created_at":"2026-02-16T15:14:57","draft":true,"pull_request":true,"repository_url":"octocat/Hello-World"}"#
        );
        assert_eq!(of(&json!("alice"), COLUMNS), json!("alice"));
    }
}
