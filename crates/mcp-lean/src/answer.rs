//! From a query to its answer: the one way for every face that is lean.

use std::sync::Arc;

use serde_json::Value;

use super::batch::Batch;
use super::blobs::Blobs;
use super::budget::{self, Budget, Rows, Written};
use super::cursor::{Cursor, Key, Place};
use super::fields::Fields;
use super::format::{Format, Item};
use super::gather::{Gathered, gather, gather_together};
use super::query::LeanQuery;
use super::reduce::Kept;
use super::unknown::Unknown;
use super::{saved, select, shapes, tokens, tree};
use crate::read_blob::ReadBlob;
use mcp_core::action::{Action, Shape, Tree};
use mcp_core::dispatch::{Together, Tokens};
use mcp_core::error::{ActionError, ErrorCode};
use mcp_core::{Dispatcher, RegistryBuilder};

/// The lean face: queries, and the blobs that their answers name.
#[derive(Clone)]
pub struct Lean {
    blobs: Arc<Blobs>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct LeanAnswer {
    /// The text.
    pub text: String,
    /// The form that it is in; never [`Format::Auto`].
    pub format: Format,
    /// How many tokens it is (`o200k_base`).
    pub tokens: usize,
}

impl LeanAnswer {
    /// The media type of the text.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        self.format.media_type()
    }
}

/// What a query gave, before it is written.
pub(super) struct Fetched {
    /// The data, whole.
    pub(super) data: Data,
    /// The digest of the query, and how many rows were answered before.
    pub(super) query: u32,
    pub(super) taken: u64,
    /// Why something is missing from it.
    pub(super) incomplete: Option<String>,
    /// How many tokens v1's answer has, where somebody counts; otherwise 0.
    pub(super) v1: usize,
}

/// Data, whole.
pub(super) enum Data {
    /// Rows; where there are more, the place of the last that was looked at; and whether they can be
    /// gone on with.
    Rows { kept: Vec<Kept>, more: Option<Place>, goes_on: bool },
    /// One thing; its parts are shown as they are where it is made up here.
    One { value: Value, is_made: bool },
    /// A part of a text: its beginning, and whether there is more.
    Text { text: String, offset: usize, more: bool },
    /// A tree.
    Tree { value: Value, tree: Tree, after: Option<Place> },
}

impl Lean {
    /// The lean face over these blobs.
    #[must_use]
    pub fn new(blobs: Arc<Blobs>) -> Self {
        Self { blobs }
    }

    /// Registers the actions that belong to it.
    #[must_use]
    pub fn register(&self, registry: RegistryBuilder) -> RegistryBuilder {
        registry.memory(ReadBlob::new(Arc::clone(&self.blobs))).compound(Batch::new(self.clone()))
    }

    /// What is kept for its answers.
    #[must_use]
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Answers a query.
    ///
    /// # Errors
    /// With what the caller is told; see [`error_text`].
    pub async fn query(
        &self,
        dispatcher: &Dispatcher,
        query: &LeanQuery,
    ) -> Result<LeanAnswer, ActionError> {
        let answered = self.answered(dispatcher, query).await;
        // What is refused here and not by the dispatcher says back what somebody sent as well.
        let answered = answered.map_err(|error| dispatcher.redactor().scrub_error(error));
        if let Some(meter) = dispatcher.meter() {
            let (answer, v1) = match &answered {
                Ok((answer, v1)) => (answer.tokens, *v1),
                Err(error) => (tokens::count(&error_text(error)), 0),
            };
            let registry = dispatcher.registry();
            let entry = registry.catalogue().find(&query.action);
            let tokens = Tokens {
                asked: query.tokens as u64,
                answered: answer as u64,
                saved: v1.saturating_sub(answer) as u64,
            };
            meter.told(entry.map(|action| Arc::clone(&action.name)), tokens);
        }
        answered.map(|(answer, _)| answer)
    }

    /// The answer, and how many tokens v1's has.
    async fn answered(
        &self,
        dispatcher: &Dispatcher,
        query: &LeanQuery,
    ) -> Result<(LeanAnswer, usize), ActionError> {
        let fetched = self.fetch(dispatcher, query).await?;
        let registry = dispatcher.registry();
        let action = registry.find(&query.action)?;
        let v1 = fetched.v1;
        let written = self.write(action, query, fetched, query.budget)?;
        let tokens = tokens::count(&written.text);
        Ok((LeanAnswer { text: written.text, format: written.format, tokens }, v1))
    }

    /// Carries a query out.
    pub(super) async fn fetch(
        &self,
        dispatcher: &Dispatcher,
        query: &LeanQuery,
    ) -> Result<Fetched, ActionError> {
        let registry = dispatcher.registry();
        let Ok(action) = registry.find(&query.action) else {
            return Err(self.unknown_action(dispatcher, query).await);
        };
        let query = &query.for_action(action)?;
        let unknown = Unknown::check(action, query)?;
        let digest = query.digest();
        let cursor = query.cursor.as_deref().map(|text| Cursor::read(text, digest)).transpose()?;
        if cursor.is_some() && query.reductions.gives_no_rows() {
            return Err(ActionError::invalid("cursor has no use where rows are only counted"));
        }
        let (gathered, incomplete) =
            gather(dispatcher, action, query, cursor.as_ref(), unknown).await?;
        let taken = cursor.as_ref().map_or(0, |cursor| cursor.taken);
        let v1 = match (dispatcher.meter(), &gathered) {
            (None, _) => 0,
            // v1 answers something else, which is not counted.
            _ if !action.is_lean_of_v1() => 0,
            (Some(_), Gathered::Rows { kept, .. }) => {
                saved::of_rows(&action.name, kept.iter().map(|kept| &kept.row))
            }
            (Some(_), Gathered::One(value) | Gathered::Counted(value)) => {
                saved::of_one(&action.name, value)
            }
        };
        let place = cursor.map(|cursor| cursor.place);
        let data =
            self.data(action, query, gathered, place).map_err(|error| after(action, error))?;
        Ok(Fetched { data, query: digest, taken, incomplete, v1 })
    }

    /// The same inside a transaction.
    pub(super) fn fetch_together(
        &self,
        together: &mut Together<'_>,
        query: &LeanQuery,
    ) -> Result<Fetched, ActionError> {
        let action = together.registry().find(&query.action)?;
        let query = &query.for_action(action)?;
        let unknown = Unknown::check(action, query)?;
        let gathered = gather_together(together, action, query, unknown)?;
        let data = self.data(action, query, gathered, None)?;
        Ok(Fetched { data, query: query.digest(), taken: 0, incomplete: None, v1: 0 })
    }

    fn data(
        &self,
        action: &Action,
        query: &LeanQuery,
        gathered: Gathered,
        after: Option<Place>,
    ) -> Result<Data, ActionError> {
        Ok(match gathered {
            Gathered::Rows { kept, more, goes_on } => Data::Rows { kept, more, goes_on },
            Gathered::Counted(value) => Data::One { value, is_made: true },
            Gathered::One(value) => match action.doc.view.shape {
                Shape::Picture { base64, media_type } => {
                    let is_made = query.fields == Fields::Summary;
                    let value = shapes::kept(value, base64, media_type, is_made, &self.blobs)?;
                    Data::One { value, is_made }
                }
                Shape::Contents => {
                    let value = shapes::contents(value, &self.blobs)?;
                    Data::One { value, is_made: false }
                }
                Shape::Text { at, offset } if query.fields == Fields::Summary => {
                    shapes::text(&value, at, offset)
                        .map_or(Data::One { value, is_made: false }, |(text, offset, more)| {
                            Data::Text { text, offset, more }
                        })
                }
                Shape::Tree { tree, .. } if query.fields == Fields::Summary => {
                    Data::Tree { value, tree, after }
                }
                _ => Data::One { value, is_made: false },
            },
        })
    }

    /// Writes what was fetched within a budget.
    pub(super) fn write(
        &self,
        action: &Action,
        query: &LeanQuery,
        fetched: Fetched,
        budget: Budget,
    ) -> Result<Written, ActionError> {
        self.written(action, query, fetched, budget).map_err(|error| after(action, error))
    }

    fn written(
        &self,
        action: &Action,
        query: &LeanQuery,
        fetched: Fetched,
        budget: Budget,
    ) -> Result<Written, ActionError> {
        let Fetched { data, query: digest, taken, incomplete, .. } = fetched;
        let incomplete = incomplete.as_deref().map(|reason| budget.reason(reason));
        let columns = action.doc.view.columns;
        let cursor = |place: Place, sorted: Vec<Value>, taken: u64| {
            Cursor { query: digest, place, taken, sorted }.to_text()
        };
        match data {
            Data::Rows { kept, more, goes_on } => {
                let (rows, places): (Vec<Value>, Vec<(Place, Vec<Value>)>) =
                    kept.into_iter().map(|kept| (kept.row, (kept.place, kept.sorted))).unzip();
                let limited = query.reductions.limit.is_some();
                let behind = |index: Option<usize>| match index {
                    Some(index) => {
                        let (place, sorted) = places[index].clone();
                        cursor(place, sorted, if limited { taken + index as u64 + 1 } else { 0 })
                    }
                    None => cursor(more.unwrap_or(Place::at(Key::None)), Vec::new(), taken),
                };
                let header = select::header(&query.fields, columns);
                let items = select::items(rows, &query.fields, columns);
                let cursor: Option<&budget::Behind<'_>> = goes_on.then_some(&behind);
                let rows = Rows { items, header, more: more.is_some(), cursor, incomplete };
                budget::write_rows(&rows, query.format, budget, &self.blobs)
            }
            Data::One { value, is_made } => {
                let item = if is_made {
                    Item::same(value)
                } else {
                    select::one(value, &query.fields, columns)
                };
                budget::write_one(&item, incomplete, query.format, budget, &self.blobs)
            }
            Data::Text { text, offset, more } => {
                let behind = |end: usize| {
                    let key = i64::try_from(offset + end).unwrap_or(i64::MAX);
                    cursor(Place::at(Key::Number(key)), Vec::new(), 0)
                };
                budget::write_text(&text, more, &behind, query.format, budget)
            }
            Data::Tree { value, tree, after } => {
                let behind = |place: Place| cursor(place, Vec::new(), 0);
                let shown = tree::Shown { value: &value, tree, after, cursor: &behind, incomplete };
                shown.write(query.format, budget, &self.blobs)
            }
        }
    }

    /// An action that nobody knows, with the names of those that may have been meant. The
    /// dispatcher logs it.
    pub(super) async fn unknown_action(
        &self,
        dispatcher: &Dispatcher,
        query: &LeanQuery,
    ) -> ActionError {
        let Err(mut error) = dispatcher.open(query.call(), None).await else {
            return ActionError::new(ErrorCode::UnknownAction, "Unknown action");
        };
        if error.code == ErrorCode::UnknownAction {
            let near = dispatcher.registry().catalogue().nearest(&query.action).join(", ");
            error.message = format!("{}. Nearest: {near}", error.message);
        }
        error
    }
}

/// The error of a result whose action was carried out: a client that repeated a write would do it
/// twice.
fn after(action: &Action, mut error: ActionError) -> ActionError {
    if let Some(done) = action.done() {
        error.message = format!("{}. But {done}", error.message);
        error.retry_after = None;
    }
    error
}

/// An error as the lean faces say it: `{"error": …}`, with the action's signature where it was
/// called wrongly.
#[must_use]
pub fn error_text(error: &ActionError) -> String {
    let mut text = serde_json::json!({"error": error.message});
    if let Some(signature) = &error.signature {
        text["signature"] = signature.as_str().into();
    }
    text.to_string()
}
