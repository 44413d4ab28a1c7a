//! What is made of a list before it is answered: filter, sort, group, count, limit, in this order.
//!
//! Rows come one after another and are dropped as soon as they are counted or can no longer be
//! among the first, so a list of any length is reduced in bounded memory.

mod gather;
mod order;

use std::cmp::Ordering;

use serde_json::Value;

use super::fields::{self, FieldPath};
use super::summary;
pub use gather::{Gather, Kept, Reduced, Room, size};
use mcp_core::action::Column;
use mcp_core::error::ActionError;
use order::compare_plain;

/// The most conditions of a filter, or fields to sort by.
const MOST_CONDITIONS: usize = 20;

/// What is made of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reductions {
    /// Only rows whose fields have one of these values.
    pub filter: Vec<(FieldPath, Vec<Value>)>,
    /// In the order of these fields; `true` for the highest first.
    pub sort: Vec<(FieldPath, bool)>,
    /// How many rows there are for each value of this field.
    pub group_by: Option<FieldPath>,
    /// How many there are.
    pub count: bool,
    /// At most this many.
    pub limit: Option<u64>,
}

/// The members of a query or step that say them.
pub const NAMES: [&str; 5] = ["filter", "sort", "group_by", "count", "limit"];

impl Reductions {
    /// Takes one of [`NAMES`] in.
    ///
    /// # Errors
    /// When its value cannot be.
    pub fn take(&mut self, name: &str, value: &Value) -> Result<(), ActionError> {
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

    /// Whether there is anything to be done.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the whole list must be seen before anything is known.
    #[must_use]
    pub fn needs_all(&self) -> bool {
        !self.sort.is_empty() || self.gives_no_rows()
    }

    /// Whether what is left is a number or counts, and no rows.
    #[must_use]
    pub fn gives_no_rows(&self) -> bool {
        self.group_by.is_some() || self.count
    }

    /// Every field that is named in them.
    pub fn paths(&self) -> impl Iterator<Item = &FieldPath> {
        let filter = self.filter.iter().map(|(path, _)| path);
        filter.chain(self.sort.iter().map(|(path, _)| path)).chain(&self.group_by)
    }

    fn wants(&self, row: &Value, columns: &[Column]) -> bool {
        self.filter.iter().all(|(path, choices)| {
            let found = value_of(row, path, columns).unwrap_or_default();
            choices.iter().any(|choice| match &found {
                Value::Array(items) if items.is_empty() => choice.is_null() || choice == &found,
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
    if conditions.len() > MOST_CONDITIONS {
        return Err(ActionError::invalid(format!("filter has more than {MOST_CONDITIONS} fields")));
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
    if fields.len() > MOST_CONDITIONS {
        return Err(ActionError::invalid(format!("sort has more than {MOST_CONDITIONS} fields")));
    }
    let field = |text: &str| {
        let (name, is_down) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        Ok((FieldPath::read(name).ok_or_else(wrong)?, is_down))
    };
    fields.into_iter().map(field).collect()
}

/// What a row has in a field: the field of the result; where that is no plain value (or list of
/// such), what the summary shows under the name.
fn value_of(row: &Value, path: &FieldPath, columns: &[Column]) -> Option<Value> {
    let found = fields::find(row, path.as_str());
    let is_plain = match &found {
        Some(Value::Array(items)) => !items.iter().any(Value::is_object),
        Some(value) => !value.is_object(),
        None => false,
    };
    if is_plain {
        return found;
    }
    let column = columns.iter().find(|column| column.name == path.as_str());
    column.map_or(found, |column| summary::cell(row, column))
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
            let error = Reductions::default().take(name, &value).expect_err(name);
            assert!(error.message.starts_with(name), "{}", error.message);
        }
    }
}
