//! A tree, shown as rows down to as many levels as fit.

use serde_json::Value;

use super::blobs::Blobs;
use super::budget::{Budget, Rows, Written, write_rows};
use super::cursor::Place;
use super::fields::Fields;
use super::query::LeanQuery;
use super::select;
use super::source::Whole;
use crate::error::ActionError;

/// Writes the rows of a tree: the most levels of which every row fits. Where not even the first
/// does, it is a list that goes on.
pub(super) fn write(
    value: &Value,
    outline: fn(&Value, usize) -> Vec<Value>,
    query: &LeanQuery,
    cursor: &dyn Fn(Place, Vec<Value>, u64) -> String,
    budget: Budget,
    blobs: &Blobs,
) -> Result<Written, ActionError> {
    let mut best: Option<Written> = None;
    let mut before = 0;
    for levels in 0.. {
        let rows = outline(value, levels);
        let count = rows.len();
        if levels > 0 && count == before {
            break;
        }
        before = count;
        let rows = Whole::new(rows, None).take().unwrap_or_default();
        let (rows, standing): (Vec<Value>, Vec<Place>) = rows.into_iter().unzip();
        let behind = |index: Option<usize>| {
            index.map_or_else(String::new, |index| cursor(standing[index], Vec::new(), 0))
        };
        let items = select::items(rows, &Fields::Summary, &[]);
        // A row is a few tokens at least: where there are more rows than tokens, none is tried.
        let can_fit = count <= budget.rows();
        if levels > 0 && !can_fit {
            break;
        }
        let rows = Rows { items, header: Vec::new(), more: false, cursor: Some(&behind) };
        let written = write_rows(&rows, query.format, budget, blobs)?;
        if written.rows < count {
            return Ok(best.unwrap_or(written));
        }
        best = Some(written);
    }
    best.ok_or_else(|| ActionError::internal("a tree has a first level"))
}

/// What is at a path of a result, in which `*` is every member of an object.
pub(super) fn tops(value: &Value, at: &str) -> Vec<Value> {
    let mut found = vec![value];
    for name in at.split('.') {
        found = found
            .into_iter()
            .flat_map(|value| match (name, value) {
                ("*", Value::Object(members)) => members.values().collect(),
                ("*", Value::Array(items)) => items.iter().collect(),
                (name, value) => value.get(name).into_iter().collect::<Vec<_>>(),
            })
            .collect();
    }
    found.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_to_every_top() {
        let answer = json!({"nodes": {"1:2": {"document": {"id": "1:2"}}, "9:9": null, "1:3":
            {"document": {"id": "1:3"}}}});
        assert_eq!(tops(&answer, "nodes.*.document"), [json!({"id": "1:2"}), json!({"id": "1:3"})]);
        assert!(tops(&answer, "pages.*").is_empty());
    }
}
