//! Taking rows in, and keeping what is answered of them.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::order::compare;
use super::{Reductions, value_of};
use crate::cursor::{Cursor, Place, sortable};
use crate::fields::FieldPath;
use mcp_core::action::Column;
use mcp_core::error::ActionError;

/// The most groups that are counted.
const MOST_GROUPS: usize = 10_000;

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
    /// Rows; and, where there are more behind them, the place of the last that was looked at.
    Rows(Vec<Kept>, Option<Place>),
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
    /// The row that was looked at last.
    seen: Option<Place>,
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
            seen: None,
            groups: Map::new(),
            count: 0,
        }
    }

    /// Takes a row in; false when no further row is of use.
    ///
    /// # Errors
    /// When there are more groups than are counted.
    pub fn push(&mut self, row: Value, place: Place) -> Result<bool, ActionError> {
        self.seen = Some(place);
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
            // With nothing in it, it is nothing.
            Value::Array(items) if items.is_empty() => vec![Value::Null],
            Value::Array(items) => items,
            one => vec![one],
        };
        for value in values {
            let name = match value {
                // Null is something else.
                Value::String(text) if text == "null" => format!("\"{text}\""),
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
        let goes_on = wanted && (more || cut || self.dropped);
        Reduced::Rows(self.kept, self.seen.filter(|_| goes_on))
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
    use super::*;
    use crate::cursor::Key;

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
        assert!(more.is_some() && kept.len() >= 10);
        let ids: Vec<i64> = kept.iter().filter_map(|kept| kept.row["id"].as_i64()).collect();
        assert_eq!(ids, (0..).take(ids.len()).collect::<Vec<_>>());
    }
}
