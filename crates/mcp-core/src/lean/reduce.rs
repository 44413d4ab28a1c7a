//! What is made of a list before it is answered: filter, sort, group, count, limit, in this order.
//!
//! Rows come one after another and are dropped as soon as they are counted or can no longer be
//! among the first, so a list of any length is reduced in bounded memory.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::cursor::{Cursor, Place, sortable};
use super::fields::{self, FieldPath};
use super::summary;
use crate::action::Column;
use crate::error::ActionError;

/// The most conditions of a filter, or fields to sort by.
const MOST_CONDITIONS: usize = 20;
/// The most groups that are counted.
const MOST_GROUPS: usize = 10_000;

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
                Value::Array(items) if !choice.is_array() => items.contains(choice),
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

/// Numbers before texts before truth values; nothing comes last, also where the highest is first.
fn compare(one: &Value, other: &Value, is_down: bool) -> Ordering {
    match (one.is_null(), other.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) if is_down => compare_plain(other, one),
        (false, false) => compare_plain(one, other),
    }
}

fn compare_plain(one: &Value, other: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        _ => 3,
    };
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => match (one.as_i128(), other.as_i128()) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal),
        },
        (Value::String(one), Value::String(other)) => one.cmp(other),
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        _ => rank(one).cmp(&rank(other)),
    }
}

/// A row, where it stands, and what it is sorted by.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The row, whole.
    pub row: Value,
    /// Where it stands.
    pub place: Place,
    /// What it is sorted by.
    pub sorted: Vec<Value>,
}

/// What is left of a list.
#[derive(Debug)]
pub enum Reduced {
    /// Rows, and whether there are more behind them.
    Rows(Vec<Kept>, bool),
    /// Counts by value, or a number.
    Value(Value),
}

/// How much of what is taken in can be of use.
#[derive(Clone, Copy)]
pub struct Room<'a> {
    /// At most so many rows.
    pub rows: usize,
    /// No row behind so many bytes of what is shown of rows.
    pub bytes: usize,
    /// About how many bytes are shown of a row.
    pub weigh: &'a (dyn Fn(&Value) -> usize + Sync),
    /// About how many bytes of whole rows are held at once.
    pub held: usize,
}

/// Takes rows in and keeps what is answered.
pub struct Gather<'a> {
    reductions: &'a Reductions,
    columns: &'a [Column],
    after: Option<&'a Cursor>,
    /// How many rows are of use at most, and how many bytes.
    most: usize,
    bytes: usize,
    /// About how many bytes are shown of a row.
    weigh: &'a (dyn Fn(&Value) -> usize + Sync),
    /// About how many bytes of whole rows are held at most.
    most_held: usize,
    /// Still to be given of the limit.
    left: usize,
    kept: Vec<Kept>,
    /// The bytes of what is kept; where that is sorted, the last row of it where others were dropped.
    held: usize,
    last: Option<(Vec<Value>, Place)>,
    dropped: bool,
    groups: Map<String, Value>,
    count: u64,
}

impl<'a> Gather<'a> {
    /// Keeps as many rows as `room` says; where they are sorted, at most a few times that until the
    /// end is reached.
    #[must_use]
    pub fn new(
        reductions: &'a Reductions,
        columns: &'a [Column],
        after: Option<&'a Cursor>,
        room: &Room<'a>,
    ) -> Self {
        let Room { rows: most, bytes, weigh, held: most_held } = *room;
        let taken = after.map_or(0, |cursor| cursor.taken);
        let left = reductions.limit.map_or(u64::MAX, |limit| limit.saturating_sub(taken));
        Self {
            reductions,
            columns,
            after,
            most,
            bytes,
            weigh,
            most_held,
            left: usize::try_from(left).unwrap_or(usize::MAX),
            kept: Vec::new(),
            held: 0,
            last: None,
            dropped: false,
            groups: Map::new(),
            count: 0,
        }
    }

    /// Takes a row in; false when no further row is of use.
    ///
    /// # Errors
    /// When there are more groups than are counted.
    pub fn push(&mut self, row: Value, place: Place) -> Result<bool, ActionError> {
        if !self.reductions.wants(&row, self.columns) {
            return Ok(true);
        }
        if let Some(path) = &self.reductions.group_by {
            self.group(&row, path)?;
            return Ok(true);
        }
        if self.reductions.count {
            self.count += 1;
            return Ok(true);
        }
        if !self.reductions.sort.is_empty() {
            self.sort_in(row, place);
            return Ok(true);
        }
        let most = self.most.min(self.left);
        if self.kept.len() >= most || self.bytes == 0 || self.held > self.most_held {
            // It is there, and is not answered.
            self.dropped |= self.left > self.kept.len();
            return Ok(false);
        }
        self.bytes = self.bytes.saturating_sub((self.weigh)(&row));
        self.held += size(&row);
        self.kept.push(Kept { row, place, sorted: Vec::new() });
        Ok(self.kept.len() < self.left)
    }

    fn group(&mut self, row: &Value, path: &FieldPath) -> Result<(), ActionError> {
        let values = match value_of(row, path, self.columns).unwrap_or_default() {
            Value::Array(items) => items,
            one => vec![one],
        };
        for value in values {
            let name = match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
            if self.groups.len() >= MOST_GROUPS && !self.groups.contains_key(&name) {
                return Err(ActionError::invalid(format!(
                    "group_by {} has more than {MOST_GROUPS} values",
                    path.as_str()
                )));
            }
            let count = self.groups.entry(name).or_insert(json!(0));
            *count = json!(count.as_u64().unwrap_or_default() + 1);
        }
        Ok(())
    }

    fn sort_in(&mut self, row: Value, place: Place) {
        let by = |(path, _): &(FieldPath, bool)| sortable(value_of(&row, path, self.columns));
        let sorted: Vec<Value> = self.reductions.sort.iter().map(by).collect();
        let kept = Kept { row, place, sorted };
        let is_answered = |cursor: &Cursor| {
            self.order(&kept.sorted, kept.place, &cursor.sorted, cursor.place) != Ordering::Greater
        };
        if self.after.is_some_and(is_answered) {
            return;
        }
        let is_behind = |(sorted, place): &(Vec<Value>, Place)| {
            self.order(&kept.sorted, kept.place, sorted, *place) == Ordering::Greater
        };
        if self.last.as_ref().is_some_and(is_behind) {
            return;
        }
        self.held += size(&kept.row);
        self.kept.push(kept);
        let most = self.most.min(self.left).saturating_add(1);
        if self.kept.len() > most.saturating_mul(2) || self.held > self.most_held {
            self.sort_kept();
            self.drop_behind(most);
        }
    }

    /// Keeps the first of the sorted rows, as many as can be of use. What is behind them is answered
    /// behind a cursor.
    fn drop_behind(&mut self, most: usize) {
        let (mut count, mut held) = (0, 0);
        for kept in self.kept.iter().take(most) {
            held += size(&kept.row);
            count += 1;
            if held > self.most_held / 4 {
                break;
            }
        }
        if count < self.kept.len() {
            let last = &self.kept[count - 1];
            self.last = Some((last.sorted.clone(), last.place));
            self.dropped = true;
            self.kept.truncate(count);
        }
        self.held = held;
    }

    fn sort_kept(&mut self) {
        let mut kept = std::mem::take(&mut self.kept);
        kept.sort_by(|one, other| self.order(&one.sorted, one.place, &other.sorted, other.place));
        self.kept = kept;
    }

    fn order(&self, one: &[Value], at: Place, other: &[Value], other_at: Place) -> Ordering {
        let mut sort = self.reductions.sort.iter().zip(one.iter().zip(other));
        sort.find_map(|((_, is_down), (one, other))| {
            Some(compare(one, other, *is_down)).filter(|order| order.is_ne())
        })
        .unwrap_or_else(|| at.key.cmp(&other_at.key))
    }

    /// What is left. `more` is whether there may be rows that were not taken in.
    #[must_use]
    pub fn finish(mut self, more: bool) -> Reduced {
        let limit = self.reductions.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        if self.reductions.group_by.is_some() {
            let groups = self.groups.len();
            if self.reductions.count {
                return Reduced::Value(json!(groups));
            }
            let mut groups: Vec<(String, Value)> = self.groups.into_iter().collect();
            if self.reductions.sort.is_empty() {
                // The largest group first; otherwise as the sorted rows came.
                groups.sort_by_key(|(_, count)| std::cmp::Reverse(count.as_u64()));
            }
            groups.truncate(limit.unwrap_or(usize::MAX));
            return Reduced::Value(Value::Object(groups.into_iter().collect()));
        }
        if self.reductions.count {
            return Reduced::Value(json!(self.count));
        }
        if !self.reductions.sort.is_empty() {
            self.sort_kept();
        }
        let most = self.most.min(self.left);
        let cut = self.kept.len() > most;
        self.kept.truncate(most);
        let wanted = self.kept.len() < self.left;
        Reduced::Rows(self.kept, wanted && (more || cut || self.dropped))
    }
}

/// About how many bytes a value is as JSON.
#[must_use]
pub fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(|item| size(item) + 1).sum::<usize>(),
        Value::Object(members) => {
            2 + members.iter().map(|(name, value)| name.len() + 4 + size(value)).sum::<usize>()
        }
        Value::Number(_) => 8,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::super::cursor::Key;
    use super::*;

    const COLUMNS: &[Column] =
        &[Column::at("user", "user.login"), Column::at("labels", "labels.name")];

    fn rows() -> Vec<Value> {
        [
            ("1", "pending", "a", 3, &["bug", "ui"][..]),
            ("2", "done", "b", 10, &["bug"]),
            ("3", "pending", "b", 2, &[]),
            ("4", "open", "a", 2, &["ui"]),
        ]
        .iter()
        .map(|(id, status, login, votes, labels)| {
            let labels: Vec<Value> = labels.iter().map(|name| json!({"name": name})).collect();
            json!({"id": id, "status": status, "user": {"login": login}, "votes": votes, "labels": labels})
        })
        .collect()
    }

    fn reductions(text: &str) -> Reductions {
        let members: Map<String, Value> = serde_json::from_str(text).expect("an object");
        let mut reductions = Reductions::default();
        for (name, value) in &members {
            reductions.take(name, value).expect("reductions");
        }
        reductions
    }

    fn reduced(text: &str) -> Value {
        let reductions = reductions(text);
        let room = Room { rows: 100, bytes: 1 << 20, weigh: &size, held: 1 << 20 };
        let mut gather = Gather::new(&reductions, COLUMNS, None, &room);
        for (index, row) in (0..).zip(rows()) {
            if !gather.push(row, Place::at(Key::Number(index))).expect("it is kept") {
                break;
            }
        }
        match gather.finish(false) {
            Reduced::Rows(kept, _) => kept.iter().map(|kept| kept.row["id"].clone()).collect(),
            Reduced::Value(value) => value,
        }
    }

    #[test]
    fn each_reduction_does_what_it_says_in_its_order() {
        for (text, left) in [
            ("{}", json!(["1", "2", "3", "4"])),
            (r#"{"filter":{"status":"pending"}}"#, json!(["1", "3"])),
            (r#"{"filter":{"status":["done","open"]}}"#, json!(["2", "4"])),
            (r#"{"filter":{"user":"a","status":"open"}}"#, json!(["4"])),
            (r#"{"filter":{"user.login":"b"}}"#, json!(["2", "3"])),
            (r#"{"filter":{"labels":"ui"}}"#, json!(["1", "4"])),
            (r#"{"filter":{"votes":2.0}}"#, json!(["3", "4"])),
            (r#"{"filter":{"status":[]}}"#, json!([])),
            (r#"{"sort":"votes"}"#, json!(["3", "4", "1", "2"])),
            (r#"{"sort":"-votes"}"#, json!(["2", "1", "3", "4"])),
            (r#"{"sort":"-user,votes"}"#, json!(["3", "2", "4", "1"])),
            (r#"{"limit":2,"sort":"-votes"}"#, json!(["2", "1"])),
            (r#"{"limit":0}"#, json!([])),
            (r#"{"group_by":"status"}"#, json!({"pending": 2, "done": 1, "open": 1})),
            (r#"{"group_by":"labels"}"#, json!({"bug": 2, "ui": 2})),
            (r#"{"group_by":"status","limit":1}"#, json!({"pending": 2})),
            (r#"{"group_by":"status","count":true}"#, json!(3)),
            (r#"{"count":true,"filter":{"user":"a"}}"#, json!(2)),
            (r#"{"count":false}"#, json!(["1", "2", "3", "4"])),
        ] {
            assert_eq!(reduced(text), left, "{text}");
        }
    }

    #[test]
    fn few_bytes_are_held_and_what_is_answered_first_is_right() {
        let reductions = reductions(r#"{"sort":"id"}"#);
        let room = Room { rows: 1000, bytes: 500, weigh: &size, held: 2000 };
        let mut gather = Gather::new(&reductions, COLUMNS, None, &room);
        let ids = (0..1000_i64).map(|number| number * 7919 % 1000);
        for id in ids {
            let row = json!({"id": id, "text": "x".repeat(30)});
            assert!(gather.push(row, Place::at(Key::Number(id))).expect("it is taken"));
            assert!(gather.kept.len() <= 41, "{}", gather.kept.len());
        }
        let Reduced::Rows(kept, more) = gather.finish(false) else { panic!("rows") };
        assert!(more && kept.len() >= 10);
        let ids: Vec<i64> = kept.iter().filter_map(|kept| kept.row["id"].as_i64()).collect();
        assert_eq!(ids, (0..).take(ids.len()).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_not_there_comes_last() {
        assert_eq!(compare(&json!(null), &json!(1), true), Ordering::Greater);
        assert_eq!(compare(&json!(null), &json!("a"), false), Ordering::Greater);
        assert_eq!(compare(&json!(u64::MAX), &json!(-1), false), Ordering::Greater);
    }

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
