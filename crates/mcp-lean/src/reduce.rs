//! The reductions of a list: filter, sort, group, count and limit, in this order.
//!
//! Rows come one after another and are dropped as soon as they are counted, or can no longer be among
//! the first. So a list of any length is reduced in bounded memory.

mod order;
mod reducer;

use std::borrow::Cow;

use std::cmp::Ordering;

use serde_json::Value;

use super::fields::{self, FieldPath};
use super::select::cell;
use mcp_core::action::Column;
use mcp_core::error::ActionError;
use order::compare_plain;
pub(crate) use reducer::{Reduced, Reducer, size};

/// The maximum number of fields in a filter or a sort.
const MAX_CONDITIONS: usize = 20;

/// The reductions of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reductions {
    /// Keeps the rows whose fields have one of these values.
    pub(crate) filter: Vec<(FieldPath, Vec<Value>)>,
    /// Sorts by these fields; `true` for the highest first.
    pub(crate) sort: Vec<(FieldPath, bool)>,
    /// Counts the rows for each value of this field.
    pub(crate) group_by: Option<FieldPath>,
    /// Counts the rows, or the groups.
    pub(crate) count: bool,
    /// The maximum number of rows.
    pub(crate) limit: Option<u64>,
}

/// The members of a query or step that set reductions.
pub(crate) const NAMES: [&str; 5] = ["filter", "sort", "group_by", "count", "limit"];

impl Reductions {
    /// Sets the reduction of that name, one of [`NAMES`].
    ///
    /// # Errors
    /// Returns `InvalidParams` if the value has the wrong form.
    pub(crate) fn set(&mut self, name: &str, value: &Value) -> Result<(), ActionError> {
        if value.is_null() {
            return Ok(());
        }
        match name {
            "filter" => self.filter = filter(value)?,
            "sort" => self.sort = sort(value)?,
            "group_by" => {
                let path = value.as_str().and_then(FieldPath::read);
                self.group_by = Some(path.ok_or_else(|| wrong("group_by", "a field's name"))?);
            }
            "count" => {
                self.count = value.as_bool().ok_or_else(|| wrong("count", "true or false"))?;
            }
            _ => {
                let limit = value.as_u64().ok_or_else(|| wrong("limit", "a whole number"))?;
                self.limit = Some(limit);
            }
        }
        Ok(())
    }

    /// Returns whether the list stays as it is.
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Returns whether the result needs the whole list.
    pub(crate) fn needs_all(&self) -> bool {
        !self.sort.is_empty() || self.is_counting()
    }

    /// Returns whether the result is a number or counts.
    pub(crate) fn is_counting(&self) -> bool {
        self.group_by.is_some() || self.count
    }

    /// Returns the paths of all fields in the reductions.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &FieldPath> {
        let filter = self.filter.iter().map(|(path, _)| path);
        filter.chain(self.sort.iter().map(|(path, _)| path)).chain(&self.group_by)
    }

    fn wants(&self, row: &Value, columns: &[Column]) -> bool {
        self.filter.iter().all(|(path, choices)| {
            let found = value_of(row, path, columns).unwrap_or_default();
            choices.iter().any(|choice| match &*found {
                Value::Array(items) if items.is_empty() => choice.is_null() || *choice == *found,
                Value::Array(items) if !choice.is_array() => {
                    items.iter().any(|item| equal(item, choice))
                }
                value => equal(value, choice),
            })
        })
    }
}

fn wrong(name: &str, right: &str) -> ActionError {
    ActionError::invalid(format!("{name} must be {right}"))
}

fn filter(value: &Value) -> Result<Vec<(FieldPath, Vec<Value>)>, ActionError> {
    let wrong =
        || wrong("filter", "an object of fields with the value, or list of values, of each");
    let conditions = value.as_object().ok_or_else(wrong)?;
    if conditions.len() > MAX_CONDITIONS {
        return Err(ActionError::invalid(format!("filter has more than {MAX_CONDITIONS} fields")));
    }
    let condition = |(name, value): (&String, &Value)| {
        let path = FieldPath::read(name).ok_or_else(wrong)?;
        let choices = match value {
            Value::Array(choices) => choices.clone(),
            one => vec![one.clone()],
        };
        Ok((path, choices))
    };
    conditions.iter().map(condition).collect()
}

fn sort(value: &Value) -> Result<Vec<(FieldPath, bool)>, ActionError> {
    let wrong = || wrong("sort", "a field's name, with - before it for the highest first");
    let fields: Vec<&str> = value.as_str().ok_or_else(wrong)?.split(',').map(str::trim).collect();
    if fields.len() > MAX_CONDITIONS {
        return Err(ActionError::invalid(format!("sort has more than {MAX_CONDITIONS} fields")));
    }
    let field = |text: &str| {
        let (name, is_down) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        Ok((FieldPath::read(name).ok_or_else(wrong)?, is_down))
    };
    fields.into_iter().map(field).collect()
}

/// Returns the value of a field: that of the row if it is plain, or a list of plain values; otherwise that
/// of the summary's column of this name.
fn value_of<'a>(row: &'a Value, path: &FieldPath, columns: &[Column]) -> Option<Cow<'a, Value>> {
    let found = fields::find(row, path.as_str());
    let is_plain = match found.as_deref() {
        Some(Value::Array(items)) => !items.iter().any(Value::is_object),
        Some(value) => !value.is_object(),
        None => false,
    };
    if is_plain {
        return found;
    }
    let column = columns.iter().find(|column| column.name == path.as_str());
    column.map_or(found, |column| cell(row, column))
}

fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(_), Value::Number(_)) => compare_plain(one, other) == Ordering::Equal,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wrong_reductions_are_refused_by_name() {
        for (name, value) in [
            ("filter", json!("x")),
            ("filter", json!({"": 1})),
            ("sort", json!(5)),
            ("sort", json!("a,,b")),
            ("group_by", json!(["a"])),
            ("count", json!("yes")),
            ("limit", json!(-1)),
            ("limit", json!(1.5)),
        ] {
            let error = Reductions::default().set(name, &value).expect_err(name);
            assert!(error.message.starts_with(name), "{}", error.message);
        }
    }
}
