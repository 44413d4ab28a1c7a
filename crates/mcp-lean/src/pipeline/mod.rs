//! From a query to its result, without I/O: a [`Pipeline`] says which call comes next, takes its output,
//! and reduces the rows. The drivers in [`run`] make the calls, each on its own or in a transaction.

mod known;
mod locate;
mod open;
mod pages;
pub(crate) mod run;
mod shape;
mod unknown;
mod whole;

use serde_json::Value;

use super::blobs::Blobs;
use super::cursor::{Cursor, Key, Place};
use super::fields::Fields;
use super::kept::is_kept;
use super::query::LeanQuery;
use super::reduce::{Reduced, Reducer, size};
use super::result::{Data, ValueKind};
use mcp_core::Call;
use mcp_core::action::{Action, Effect, Shape};
use mcp_core::domain::{Part, Position};
use mcp_core::error::ActionError;
use pages::Pages;
use shape::{one, rows_in};
use unknown::UnknownFields;

/// A row and its place.
type Row = (Value, Place);

/// The next step of a driver.
enum NextStep {
    /// Calls the action. A list that is read in parts starts after the position.
    Call(Call, Option<Position>),
    /// Reads the next part of that list.
    NextPart,
}

/// The output of a step.
enum StepOutput {
    /// A result, and whether it is a page that another follows.
    Text(String, bool),
    /// A part of a list; `None` after the last.
    Part(Option<Part<Value>>),
}

/// A query on its way to its result.
struct Pipeline<'a> {
    action: &'a Action,
    query: &'a LeanQuery,
    /// The last row of the page before; sorted rows are read from the start of the list again.
    cursor: Option<Cursor>,
    unknown: UnknownFields,
    reducer: Reducer<'a>,
    source: Source,
    /// The result, if it is not a list.
    one: Option<Value>,
    /// Whether more rows can be of use.
    wants_more: bool,
    /// Whether the list has rows after those that were read.
    has_more: bool,
    incomplete: Option<String>,
}

/// The result of a pipeline.
struct Finished {
    data: Data,
    /// About how many bytes of JSON the data was before it was selected.
    bytes: usize,
    /// Why something is missing from it.
    incomplete: Option<String>,
}

/// Where the next rows come from.
enum Source {
    /// The action was not called yet.
    Call,
    Parts,
    Pages(Box<Pages>),
    /// The next page is read only to learn whether it has rows.
    LastPage(Box<Pages>),
    End,
}

impl<'a> Pipeline<'a> {
    /// Checks what is known before the action runs.
    ///
    /// # Errors
    /// Returns `InvalidParams` if a field is unknown, or a cursor or a reduction cannot be used.
    fn new(
        action: &'a Action,
        query: &'a LeanQuery,
        cursor: Option<Cursor>,
    ) -> Result<Self, ActionError> {
        let unknown = UnknownFields::check(action, query)?;
        if cursor.is_some() && query.reductions.is_counting() {
            return Err(ActionError::invalid("cursor is not supported for counts: leave it out"));
        }
        if action.effect == Effect::Write && !is_kept(action) {
            if cursor.is_some() {
                return Err(ActionError::invalid("cursor is not supported for writes"));
            }
            if !query.reductions.is_none() {
                return Err(not_a_list(action));
            }
        }
        let place = natural(query, cursor.as_ref());
        let source = match action.doc.view.shape {
            Shape::Rows { at, pages: Some(pages) } if !names_siblings(action, query, at) => {
                Source::Pages(Box::new(Pages::new(action, query, at, pages, place)?))
            }
            _ => Source::Call,
        };
        Ok(Self {
            action,
            query,
            unknown,
            reducer: Reducer::new(query, action.doc.view.columns, cursor.clone()),
            cursor,
            source,
            one: None,
            wants_more: true,
            has_more: false,
            incomplete: None,
        })
    }

    /// Returns the next step; `None` when the result is complete.
    fn next(&mut self) -> Result<Option<NextStep>, ActionError> {
        match &mut self.source {
            Source::Call => {
                let position = match natural(self.query, self.cursor.as_ref()) {
                    Some(Place { key: Key::Number(number), .. }) => Some(Position(number)),
                    _ => None,
                };
                Ok(Some(NextStep::Call(self.query.call(), position)))
            }
            Source::Parts => Ok(Some(NextStep::NextPart)),
            Source::Pages(pages) | Source::LastPage(pages) => {
                Ok(Some(NextStep::Call(pages.call()?, None)))
            }
            Source::End => Ok(None),
        }
    }

    /// Takes the output of the last step.
    ///
    /// # Errors
    /// Returns `InvalidParams` if the result is not what the query needs.
    fn feed(&mut self, output: StepOutput) -> Result<(), ActionError> {
        match (std::mem::replace(&mut self.source, Source::End), output) {
            (Source::Pages(mut pages), StepOutput::Text(text, has_more)) => {
                let rows = pages.take(&json(&text)?, text.len(), has_more)?;
                let is_page = !rows.is_empty();
                self.push(rows)?;
                self.incomplete.clone_from(&pages.incomplete);
                // A page of an upstream is enough for one answer.
                let is_enough = is_page && self.query.reductions.is_none();
                self.source = if !self.wants_more {
                    Source::End
                } else if !is_enough && !pages.is_done() {
                    Source::Pages(pages)
                } else if pages.may_have_more() {
                    Source::LastPage(pages)
                } else {
                    self.has_more = pages.has_more();
                    Source::End
                };
            }
            (Source::LastPage(mut pages), StepOutput::Text(text, has_more)) => {
                self.has_more = !pages.take(&json(&text)?, text.len(), has_more)?.is_empty();
            }
            (_, StepOutput::Text(text, _)) => {
                let is_open = matches!(self.action.doc.view.shape, Shape::Open);
                let result = if is_open { open::json(&text) } else { json(&text) };
                self.feed_result(result?)?;
            }
            (_, StepOutput::Part(Some(part))) => {
                let has_next = part.next.is_some();
                let row = |(Position(number), row)| (row, Place::at(Key::Number(number)));
                self.push(part.rows.into_iter().map(row).collect())?;
                if has_next && self.wants_more {
                    self.source = Source::Parts;
                }
            }
            (_, StepOutput::Part(None)) => {}
        }
        Ok(())
    }

    fn push(&mut self, rows: Vec<Row>) -> Result<(), ActionError> {
        for (row, place) in rows {
            self.unknown.see(&row);
            if !self.reducer.push(row, place)? {
                self.wants_more = false;
                break;
            }
        }
        Ok(())
    }

    /// Takes a whole result: rows, or one value.
    fn feed_result(&mut self, result: Value) -> Result<(), ActionError> {
        self.incomplete = self.action.doc.view.incomplete_in(&result);
        let place = natural(self.query, self.cursor.as_ref());
        let is_open = matches!(self.action.doc.view.shape, Shape::Open);
        match rows_in(result, self.action, self.query, self.cursor.is_some()) {
            Ok(rows) if is_open => {
                // A later page need not have all fields.
                for row in &rows {
                    self.unknown.see(row);
                }
                self.push(open::rows_after(rows, place)?)
            }
            Ok(rows) => self.push(whole::rows_after(rows, place)),
            Err(value) => {
                if !self.query.reductions.is_none() {
                    return Err(not_a_list(self.action));
                }
                let is_tree = matches!(self.action.doc.view.shape, Shape::Tree { .. })
                    && self.query.fields == Fields::Summary;
                let is_text = matches!(self.action.doc.view.shape, Shape::Text { .. })
                    || (is_open && value.is_string());
                if self.cursor.is_some() && !is_tree && !is_text {
                    let message = format!("cursor: {} does not return a list", self.action.name);
                    return Err(ActionError::invalid(message));
                }
                self.unknown.see(&value);
                self.one = Some(value);
                Ok(())
            }
        }
    }

    /// Returns the reduced data.
    ///
    /// # Errors
    /// Returns `InvalidParams` if a field is in no row, or the list is too long to be reduced.
    fn finish(self, blobs: &Blobs) -> Result<Finished, ActionError> {
        self.unknown.finish()?;
        let incomplete = self.incomplete;
        if let Some(value) = self.one {
            let bytes = size(&value);
            let place = self.cursor.map(|cursor| cursor.place);
            let data = one(value, self.action, self.query, place, blobs)?;
            let bytes = match (&data, self.action.doc.view.shape) {
                (Data::One(part, ValueKind::Text { .. }), Shape::Open) => size(part),
                _ => bytes,
            };
            return Ok(Finished { data, bytes, incomplete });
        }
        if self.has_more && self.query.reductions.needs_all() {
            return Err(ActionError::invalid(
                "the list is too long to sort, group or count: narrow it with params, or name a page",
            ));
        }
        let has_cursor = self.action.effect == Effect::Read || is_kept(self.action);
        let (data, bytes) = match self.reducer.finish(self.has_more, has_cursor) {
            Reduced::Rows(rows) => {
                let bytes = rows.values.iter().map(|row| size(row) + 1).sum();
                (Data::Rows(rows), bytes)
            }
            Reduced::Counted(value) => {
                let bytes = size(&value);
                (Data::One(value, ValueKind::Whole), bytes)
            }
        };
        Ok(Finished { data, bytes, incomplete })
    }
}

/// Returns the place after which rows are read, in the order of the list.
fn natural(query: &LeanQuery, cursor: Option<&Cursor>) -> Option<Place> {
    cursor.filter(|_| query.reductions.sort.is_empty()).map(|cursor| cursor.place)
}

/// Returns whether a query names siblings of the list, such as the total.
fn names_siblings(action: &Action, query: &LeanQuery, at: &str) -> bool {
    let Fields::Named(paths) = &query.fields else { return false };
    let siblings = &action.lean_schema()["properties"];
    !at.is_empty() && paths.iter().all(|path| siblings.get(path.first()).is_some())
}

fn json(text: &str) -> Result<Value, ActionError> {
    mcp_core::json::value(text).map_err(ActionError::internal)
}

fn not_a_list(action: &Action) -> ActionError {
    ActionError::invalid(format!(
        "{} does not return a list: leave out filter, sort, group_by, count and limit",
        action.name
    ))
}
