//! Takes the rows of a list one by one, and keeps those that an answer can show.

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};

use serde_json::{Map, Value, json};

use super::order::compare;
use super::value_of;
use crate::cursor::{Cursor, Place, sortable};
use crate::fields::FieldPath;
use crate::query::LeanQuery;
use crate::result::ListRows;
use crate::select::Selection;
use mcp_core::action::Column;
use mcp_core::error::ActionError;

/// The maximum number of groups.
const MAX_GROUPS: usize = 10_000;
/// About how many bytes of whole rows are held at once.
const MAX_HELD: usize = 16 << 20;

/// A list after its reductions.
pub(crate) enum Reduced {
    Rows(ListRows),
    /// A number, or counts by value.
    Counted(Value),
}

struct Kept {
    row: Value,
    place: Place,
    /// The values that rows are sorted by.
    sorted: Vec<Value>,
}

/// Filters, sorts, groups and counts rows in bounded memory.
pub(crate) struct Reducer<'a> {
    query: &'a LeanQuery,
    columns: &'a [Column],
    /// The last row of the page before.
    after: Option<Cursor>,
    /// How many more rows the query's `limit` allows, and how many can fit into an answer.
    left: usize,
    max_rows: usize,
    /// How many bytes of shown rows can still fit.
    bytes: usize,
    kept: Vec<Kept>,
    /// The bytes of the kept rows, and their maximum.
    held: usize,
    max_held: usize,
    /// The last sorted row of those that were kept when others were dropped.
    cut: Option<(Vec<Value>, Place)>,
    has_dropped: bool,
    last_seen: Option<Place>,
    groups: Map<String, Value>,
    count: u64,
}

impl<'a> Reducer<'a> {
    pub(crate) fn new(query: &'a LeanQuery, columns: &'a [Column], after: Option<Cursor>) -> Self {
        let taken = after.as_ref().map_or(0, |cursor| cursor.taken);
        let left = query.reductions.limit.map_or(u64::MAX, |limit| limit.saturating_sub(taken));
        Self {
            query,
            columns,
            after,
            left: usize::try_from(left).unwrap_or(usize::MAX),
            max_rows: query.budget.rows(),
            bytes: query.budget.bytes(),
            kept: Vec::new(),
            held: 0,
            max_held: MAX_HELD,
            cut: None,
            has_dropped: false,
            last_seen: None,
            groups: Map::new(),
            count: 0,
        }
    }

    /// Takes a row. Returns whether further rows can be of use.
    ///
    /// # Errors
    /// Returns `InvalidParams` if there are more than 10,000 groups.
    pub(crate) fn push(&mut self, row: Value, place: Place) -> Result<bool, ActionError> {
        let reductions = &self.query.reductions;
        self.last_seen = Some(place);
        if !reductions.wants(&row, self.columns) {
            return Ok(true);
        }
        if let Some(path) = &reductions.group_by {
            self.group(&row, path)?;
        } else if reductions.count {
            self.count += 1;
        } else if !reductions.sort.is_empty() {
            self.push_sorted(row, place);
        } else {
            return Ok(self.push_next(row, place));
        }
        Ok(true)
    }

    fn push_next(&mut self, row: Value, place: Place) -> bool {
        let is_full = self.kept.len() >= self.max_rows.min(self.left);
        if is_full || self.bytes == 0 || self.held > self.max_held {
            self.has_dropped |= self.left > self.kept.len();
            return false;
        }
        self.held += size(&row);
        // A row that is shown has at most the bytes of the whole row.
        if self.held > self.query.budget.bytes() {
            let selection = Selection { fields: &self.query.fields, columns: self.columns };
            self.bytes = self.bytes.saturating_sub(selection.size(&row));
        }
        self.kept.push(Kept { row, place, sorted: Vec::new() });
        self.kept.len() < self.left
    }

    fn group(&mut self, row: &Value, path: &FieldPath) -> Result<(), ActionError> {
        let values =
            match value_of(row, path, self.columns).map(Cow::into_owned).unwrap_or_default() {
                Value::Array(items) if items.is_empty() => vec![Value::Null],
                Value::Array(items) => items,
                one => vec![one],
            };
        for value in values {
            let name = match value {
                // The text, not the missing value.
                Value::String(text) if text == "null" => format!("\"{text}\""),
                Value::String(text) => text,
                other => other.to_string(),
            };
            if self.groups.len() >= MAX_GROUPS && !self.groups.contains_key(&name) {
                return Err(ActionError::invalid(format!(
                    "group_by {:?} has more than {MAX_GROUPS} values: use a field with fewer",
                    path.as_str()
                )));
            }
            let count = self.groups.entry(name).or_insert(json!(0));
            *count = json!(count.as_u64().unwrap_or_default() + 1);
        }
        Ok(())
    }

    fn push_sorted(&mut self, row: Value, place: Place) {
        let key =
            |(path, _): &(FieldPath, bool)| sortable(value_of(&row, path, self.columns).as_deref());
        let sorted: Vec<Value> = self.query.reductions.sort.iter().map(key).collect();
        let is_after = |other: &[Value], other_place: Place| {
            self.order((&sorted, place), (other, other_place)) == Ordering::Greater
        };
        let was_returned =
            self.after.as_ref().is_some_and(|cursor| !is_after(&cursor.sorted, cursor.place));
        if was_returned || self.cut.as_ref().is_some_and(|(cut, at)| is_after(cut, *at)) {
            return;
        }
        self.held += size(&row);
        self.kept.push(Kept { row, place, sorted });
        let most = self.max_rows.min(self.left).saturating_add(1);
        if self.kept.len() > most.saturating_mul(2) || self.held > self.max_held {
            self.sort();
            self.cut_after(most);
        }
    }

    /// Keeps the first sorted rows, as many as can be of use. The others are on later pages.
    fn cut_after(&mut self, most: usize) {
        let (mut count, mut held) = (0, 0);
        for kept in self.kept.iter().take(most) {
            held += size(&kept.row);
            count += 1;
            if held > self.max_held / 4 {
                break;
            }
        }
        if count < self.kept.len() {
            let last = &self.kept[count - 1];
            self.cut = Some((last.sorted.clone(), last.place));
            self.has_dropped = true;
            self.kept.truncate(count);
        }
        self.held = held;
    }

    fn sort(&mut self) {
        let mut kept = std::mem::take(&mut self.kept);
        kept.sort_by(|one, other| {
            self.order((&one.sorted, one.place), (&other.sorted, other.place))
        });
        self.kept = kept;
    }

    /// Compares two rows by the values that they are sorted by, then by their places.
    fn order(&self, one: (&[Value], Place), other: (&[Value], Place)) -> Ordering {
        let mut sort = self.query.reductions.sort.iter().zip(one.0.iter().zip(other.0));
        sort.find_map(|((_, is_down), (one, other))| {
            Some(compare(one, other, *is_down)).filter(|order| order.is_ne())
        })
        .unwrap_or_else(|| one.1.key.cmp(&other.1.key))
    }

    /// Returns the result. `more` is whether there may be rows that were not taken.
    pub(crate) fn finish(mut self, more: bool, has_cursor: bool) -> Reduced {
        let reductions = &self.query.reductions;
        match (&reductions.group_by, reductions.count) {
            (Some(_), true) => return Reduced::Counted(json!(self.groups.len())),
            (Some(_), false) => return Reduced::Counted(self.counts()),
            (None, true) => return Reduced::Counted(json!(self.count)),
            (None, false) if !reductions.sort.is_empty() => self.sort(),
            (None, false) => {}
        }
        let most = self.max_rows.min(self.left);
        let is_cut = self.kept.len() > most;
        self.kept.truncate(most);
        let has_more = self.kept.len() < self.left && (more || is_cut || self.has_dropped);
        let (values, places) =
            self.kept.into_iter().map(|kept| (kept.row, (kept.place, kept.sorted))).unzip();
        let more = self.last_seen.filter(|_| has_more);
        Reduced::Rows(ListRows { values, places, more, has_cursor })
    }

    /// Returns the number of rows of each group: the largest group first, or the groups as the sorted
    /// rows came.
    fn counts(self) -> Value {
        let reductions = &self.query.reductions;
        let mut groups: Vec<(String, Value)> = self.groups.into_iter().collect();
        if reductions.sort.is_empty() {
            groups.sort_by_key(|(_, count)| Reverse(count.as_u64()));
        }
        let limit = reductions.limit.and_then(|limit| usize::try_from(limit).ok());
        Value::Object(groups.into_iter().take(limit.unwrap_or(usize::MAX)).collect())
    }
}

/// Returns about how many bytes a value has as JSON.
pub(crate) fn size(value: &Value) -> usize {
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
    use super::super::Reductions;
    use super::*;
    use crate::cursor::Key;
    use mcp_core::action::params::ParamsText;

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
            json!({"id": id, "status": status, "user": {"login": login}, "votes": votes, "labels": labels,
                   "note": (*id == "2").then_some("null"), "points": [id.len(), votes - 1]})
        })
        .collect()
    }

    fn reductions(text: &str) -> Reductions {
        let members: Map<String, Value> = serde_json::from_str(text).expect("an object");
        let mut reductions = Reductions::default();
        for (name, value) in &members {
            reductions.set(name, value).expect("reductions");
        }
        reductions
    }

    fn query(text: &str) -> LeanQuery {
        let reductions = reductions(text);
        LeanQuery { reductions, ..LeanQuery::new("a", ParamsText::none()) }
    }

    fn reduced(text: &str) -> Value {
        let query = query(text);
        let mut reducer = Reducer::new(&query, COLUMNS, None);
        for (index, row) in (0..).zip(rows()) {
            if !reducer.push(row, Place::at(Key::Number(index))).expect("it is kept") {
                break;
            }
        }
        match reducer.finish(false, true) {
            Reduced::Rows(rows) => rows.values.iter().map(|row| row["id"].clone()).collect(),
            Reduced::Counted(value) => value,
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
            (r#"{"filter":{"labels":null}}"#, json!(["3"])),
            (r#"{"filter":{"points":2.0}}"#, json!(["1"])),
            (r#"{"group_by":"labels"}"#, json!({"bug": 2, "ui": 2, "null": 1})),
            (r#"{"group_by":"note"}"#, json!({"null": 3, "\"null\"": 1})),
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
        let query = query(r#"{"sort":"id"}"#);
        let mut reducer = Reducer::new(&query, COLUMNS, None);
        reducer.max_held = 2000;
        let ids = (0..1000_i64).map(|number| number * 7919 % 1000);
        for id in ids {
            let row = json!({"id": id, "text": "x".repeat(30)});
            assert!(reducer.push(row, Place::at(Key::Number(id))).expect("it is taken"));
            assert!(reducer.kept.len() <= 41, "{}", reducer.kept.len());
        }
        let Reduced::Rows(rows) = reducer.finish(false, true) else { panic!("rows") };
        assert!(rows.more.is_some() && rows.values.len() >= 10);
        let ids: Vec<i64> = rows.values.iter().filter_map(|row| row["id"].as_i64()).collect();
        assert_eq!(ids, (0..).take(ids.len()).collect::<Vec<_>>());
    }
}
