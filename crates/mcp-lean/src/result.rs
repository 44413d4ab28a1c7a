//! The result of a query, and its text within a budget.

use serde_json::Value;

use super::blobs::Blobs;
use super::budget::Budget;
use super::cursor::{Cursor, Key, Place};
use super::kept::{self, KeptResult};
use super::page::{PageWriter, Written};
use super::query::LeanQuery;
use super::select::Selection;
use mcp_core::action::{Column, Tree};
use mcp_core::error::ActionError;

/// The reduced result of a query's action.
pub(crate) struct QueryResult {
    pub(crate) query: LeanQuery,
    pub(crate) columns: &'static [Column],
    pub(crate) data: Data,
    /// The digest of the query, and how many rows were returned before.
    pub(crate) digest: u32,
    pub(crate) taken: u64,
    /// Why something is missing from it.
    pub(crate) incomplete: Option<String>,
    /// About how many tokens v1's response has.
    pub(crate) v1_tokens: usize,
    /// The notice for a write whose result cannot be returned.
    pub(crate) done: Option<String>,
    /// The whole result, if cursors read it without a second call.
    pub(crate) kept: Option<KeptResult>,
}

pub(crate) enum Data {
    Rows(ListRows),
    One(Value, ValueKind),
}

/// The rows of a list, and where each stands.
pub(crate) struct ListRows {
    pub(crate) values: Vec<Value>,
    pub(crate) places: Vec<(Place, Vec<Value>)>,
    /// The last row that was looked at, if there are more.
    pub(crate) more: Option<Place>,
    /// Whether a cursor can continue the list.
    pub(crate) has_cursor: bool,
}

/// How one value is shown.
pub(crate) enum ValueKind {
    /// With the fields of the query.
    Selected,
    /// As it is: it was made here.
    Whole,
    /// A part of a text that starts at a byte of the whole; `more` of it follows.
    Text { offset: usize, more: bool },
    /// Content blocks whose data are handles.
    Contents,
    /// A tree, as rows after a place.
    Tree(Tree, Option<Place>),
}

impl QueryResult {
    /// Writes as much of the result as fits. The rest is on the next page, or becomes a handle.
    ///
    /// # Errors
    /// Returns `InvalidParams` if the budget is too small for a handle, and `PayloadTooLarge` if a value
    /// or the rest of a result is too large to keep.
    pub(crate) fn write(&self, budget: Budget, blobs: &Blobs) -> Result<Written, ActionError> {
        let page = PageWriter {
            format: self.query.format,
            incomplete: self.incomplete.as_deref().map(|reason| budget.reason(reason)),
            budget,
            blobs,
        };
        let selection = Selection { fields: &self.query.fields, columns: self.columns };
        let written = match &self.data {
            Data::Rows(rows) => {
                let next = |count| self.cursor_after(rows, count);
                page.rows(&rows.values, selection, rows.more.is_some(), rows.has_cursor, &next)
            }
            Data::One(value, ValueKind::Selected) => page.one(value, selection),
            Data::One(value, ValueKind::Whole) => page.one(value, Selection::ALL),
            Data::One(value, ValueKind::Contents) => page.contents(value, selection, &|count| {
                let last = i64::try_from(count).unwrap_or(i64::MAX) - 1;
                self.cursor(Place::at(Key::Number(last)), Vec::new(), 0)
            }),
            Data::One(value, ValueKind::Text { offset, more }) => {
                page.text(value.as_str().unwrap_or_default(), *more, &|end: usize| {
                    let key = i64::try_from(offset + end).unwrap_or(i64::MAX);
                    self.cursor(Place::at(Key::Number(key)), Vec::new(), 0)
                })
            }
            Data::One(value, ValueKind::Tree(tree, after)) => {
                page.tree(value, *tree, *after, &|place| self.cursor(place, Vec::new(), 0))
            }
        };
        let stored = written.and_then(|written| {
            if let Some(kept) = self.kept.as_ref().filter(|_| written.has_next) {
                kept.store(self.done.is_some(), blobs)?;
            }
            Ok(written)
        });
        let (done, kept) = (self.done.as_deref(), self.kept.as_ref());
        stored.map_err(|error| kept::after_call(done, kept, blobs, error))
    }

    /// Returns the cursor after the first `count` rows.
    fn cursor_after(&self, rows: &ListRows, count: usize) -> String {
        let Some(last) = count.checked_sub(1) else {
            let place = rows.more.unwrap_or(Place::at(Key::None));
            return self.cursor(place, Vec::new(), self.taken);
        };
        let (place, sorted) = rows.places[last].clone();
        let is_limited = self.query.reductions.limit.is_some();
        self.cursor(place, sorted, if is_limited { self.taken + count as u64 } else { 0 })
    }

    fn cursor(&self, place: Place, sorted: Vec<Value>, taken: u64) -> String {
        let kept = self.kept.as_ref().map(|kept| kept.id);
        Cursor { query: self.digest, place, kept, taken, sorted }.to_text()
    }
}

/// Adds to an error that the action was carried out, so that clients do not repeat a write.
pub(crate) fn after_write(done: Option<&str>, mut error: ActionError) -> ActionError {
    if let Some(done) = done {
        error.message = format!("{}. But {done}", error.message);
        error.retry_after = None;
    }
    error
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::blobs::BlobLimits;
    use super::super::budget::Fitted;
    use super::super::format::Format;
    use super::super::testing::{any_json, any_rows};
    use super::super::tokens;
    use super::*;
    use mcp_core::action::params::ParamsText;

    fn blobs() -> Blobs {
        Blobs::new(BlobLimits::default(), 1)
    }

    fn result(data: Data, format: Format) -> QueryResult {
        let query = LeanQuery { format, ..LeanQuery::new("a", ParamsText::none()) };
        QueryResult {
            query,
            columns: &[],
            data,
            digest: 12345,
            taken: 0,
            incomplete: None,
            v1_tokens: 0,
            done: None,
            kept: None,
        }
    }

    fn list(values: Vec<Value>, more: bool, format: Format) -> QueryResult {
        let place = |index: usize| {
            (Place::at(Key::Number(i64::try_from(index).expect("a few"))), Vec::new())
        };
        let places = (0..values.len()).map(place).collect();
        let more = more.then_some(Place::at(Key::Number(1000)));
        result(Data::Rows(ListRows { values, places, more, has_cursor: true }), format)
    }

    fn write(result: &QueryResult, tokens: usize, blobs: &Blobs) -> Fitted {
        let written = result.write(Budget::tokens(tokens).expect("a budget"), blobs);
        written.map_err(|error| error.message).expect("a text").fitted
    }

    fn json(fitted: &Fitted) -> Value {
        serde_json::from_str(&fitted.text).expect("JSON")
    }

    #[test]
    fn a_list_breaks_between_rows_with_a_cursor() {
        let tasks = || (0..100).map(|id| json!({"id": id, "title": "Water the plants"})).collect();
        let blobs = blobs();
        let written = write(&list(tasks(), false, Format::Json), 100, &blobs);
        let answer = json(&written);
        assert_eq!(answer["data"].as_array().expect("rows").len(), written.parts);
        assert_eq!(answer["next"], format!("9ix.{}", written.parts - 1));
        let mut longer = answer.clone();
        let row = json!({"id": 7, "title": "Water the plants"});
        longer["data"].as_array_mut().expect("rows").push(row);
        assert!(tokens::count(&longer.to_string()) > 100, "one row more does not fit");
        let auto = list(tasks(), false, Format::Auto);
        let auto = auto.write(Budget::tokens(100).expect("a budget"), &blobs).expect("a text");
        assert!(auto.fitted.parts > written.parts && auto.format == Format::Csv);
        assert_eq!(write(&list(tasks(), false, Format::Csv), 0, &blobs).parts, 100);
    }

    #[test]
    fn what_does_not_fit_alone_becomes_a_handle() {
        let blobs = blobs();
        let body = "Lorem ipsum ".repeat(500);
        let issue = json!({"number": 7, "title": "Long", "body": body});
        let one = result(Data::One(issue, ValueKind::Selected), Format::Json);
        let answer = json(&write(&one, 100, &blobs));
        assert_eq!(answer["data"]["number"], 7);
        let id = answer["data"]["body"]["blob"].as_str().expect("a handle").to_owned();
        assert_eq!(blobs.get(&id).expect("a blob").text(), Some(body.as_str()));
        let rows = list(vec![json!(vec![body; 3]), json!(1)], false, Format::Json);
        let answer = json(&write(&rows, 100, &blobs));
        assert_eq!(answer["data"][0]["type"], "application/json");
        assert_eq!(answer["next"], "9ix.0");
    }

    #[test]
    fn a_text_breaks_between_characters() {
        let text = |text: &str, format| {
            result(Data::One(text.into(), ValueKind::Text { offset: 0, more: false }), format)
        };
        let long = "漢字かな ".repeat(300);
        let answer = json(&write(&text(&long, Format::Json), 60, &blobs()));
        let part = answer["data"].as_str().expect("a text");
        assert!(long.starts_with(part) && part.len() > 60, "{part}");
        assert_eq!(answer["next"], format!("9ix.{}", part.len()));
        assert_eq!(write(&text("", Format::Toon), 60, &blobs()).text, "\"\"");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_budget_is_never_exceeded(
            mut values in any_rows(), one in any_json(), long in 0..400_usize, tokens in 50..200_usize,
            format in prop::sample::select(vec![Format::Json, Format::Csv, Format::Toon, Format::Auto]),
            more in any::<bool>(), is_kept in any::<bool>(),
        ) {
            let blobs = blobs();
            values.push(json!({"id": 1, "text": "naïve ".repeat(long), "list": vec![7; long]}));
            let contents = json!({"content": values.clone()});
            let text = contents.to_string();
            for result in [
                list(values.clone(), more, format),
                result(Data::One(one, ValueKind::Selected), format),
                result(Data::One(contents, ValueKind::Contents), format),
                result(Data::One(text.into(), ValueKind::Text { offset: 9999, more }), format),
                result(Data::One(values.into(), ValueKind::Whole), format),
            ] {
                let kept = is_kept.then(|| KeptResult::new("[]".into(), &blobs));
                let result = QueryResult { kept, ..result };
                let written = result.write(Budget::tokens(tokens).expect("a budget"), &blobs);
                let written = written.map_err(|error| TestCaseError::fail(error.message))?;
                prop_assert!(tokens::count(&written.fitted.text) <= tokens);
                prop_assert_eq!(tokens::count(&written.fitted.text), written.fitted.tokens);
                prop_assert!(written.format != Format::Auto);
            }
        }
    }
}
