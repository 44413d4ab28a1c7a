//! From rows to what is written of them: the fields that are wanted, in JSON with their shape kept,
//! elsewhere a column for each.

use serde_json::{Map, Value};

use super::fields::{self, Fields};
use super::format::Item;
use super::{reduce, summary};
use mcp_core::action::Column;

/// What is written of rows. Columns that no row has are left out; the others stand in the same
/// order for each.
#[must_use]
pub(super) fn items(rows: Vec<Value>, wanted: &Fields, columns: &[Column]) -> Vec<Item> {
    let named = |wanted: &[fields::FieldPath]| {
        let paths: Vec<&str> = wanted.iter().map(fields::FieldPath::as_str).collect();
        let of = |row: &Value| {
            let cells = paths.iter().map(|path| ((*path).to_owned(), fields::find(row, path)));
            (fields::prune(row, &paths), cells.collect::<Vec<_>>())
        };
        tabled(rows.iter().map(of).collect())
    };
    match wanted {
        Fields::All => rows.into_iter().map(Item::same).collect(),
        Fields::Summary if columns.is_empty() || !rows.iter().all(Value::is_object) => {
            rows.into_iter().map(Item::same).collect()
        }
        Fields::Summary => {
            let of = |row: &Value| {
                let cells = columns
                    .iter()
                    .map(|column| (column.name.to_owned(), summary::cell(row, column)));
                (summary::of(row, columns), cells.collect::<Vec<_>>())
            };
            tabled(rows.iter().map(of).collect())
        }
        Fields::Named(paths) => named(paths),
    }
}

/// The columns of a list in which there is nothing; none where only rows would say.
#[must_use]
pub(super) fn header(wanted: &Fields, columns: &[Column]) -> Vec<String> {
    match wanted {
        Fields::All => Vec::new(),
        Fields::Summary => columns.iter().map(|column| column.name.to_owned()).collect(),
        Fields::Named(paths) => paths.iter().map(|path| path.as_str().to_owned()).collect(),
    }
}

/// About how many bytes are written of a row.
pub(super) fn size(row: &Value, wanted: &Fields, columns: &[Column]) -> usize {
    match wanted {
        Fields::All => reduce::size(row),
        Fields::Summary => reduce::size(&summary::of(row, columns)),
        Fields::Named(paths) => {
            let paths: Vec<&str> = paths.iter().map(fields::FieldPath::as_str).collect();
            reduce::size(&fields::prune(row, &paths))
        }
    }
}

/// What is written of one thing.
#[must_use]
pub(super) fn one(value: Value, wanted: &Fields, columns: &[Column]) -> Item {
    let is_summed_up = columns.iter().any(|column| fields::find(&value, column.path).is_some());
    if *wanted == Fields::Summary && !is_summed_up {
        return Item::same(value);
    }
    let mut items = items(vec![value], wanted, columns);
    items.pop().expect("one in, one out")
}

/// A row in JSON and its cells by column.
type Shown = (Value, Vec<(String, Option<Value>)>);

fn tabled(rows: Vec<Shown>) -> Vec<Item> {
    let width = rows.first().map_or(0, |(_, cells)| cells.len());
    let is_used: Vec<bool> = (0..width)
        .map(|at| {
            rows.iter().any(|(_, cells)| cells[at].1.as_ref().is_some_and(|it| !it.is_null()))
        })
        .collect();
    // Where nobody has anything, there is still the name that was asked for.
    let all_empty = !is_used.contains(&true);
    rows.into_iter()
        .map(|(json, cells)| {
            let cells = cells.into_iter().zip(&is_used).filter(|(_, used)| **used || all_empty);
            let flat: Map<String, Value> =
                cells.map(|((name, cell), _)| (name, cell.unwrap_or_default())).collect();
            Item { json, flat: Some(Value::Object(flat)) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::format::{Content, Format, write};
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
        write(Content::Rows(&items(rows(), &fields, COLUMNS)), None, format)
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
}
