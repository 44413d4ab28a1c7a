//! Where the rows of a query come from: a list of the memory's, read on from a place; pages of
//! another system, asked for one after another; or a list that came whole.

mod pages;
mod whole;

use serde_json::Value;

use super::cursor::{Cursor, Key, Place};
use super::fields::{self, Fields};
use super::query::LeanQuery;
use mcp_core::Dispatcher;
use mcp_core::action::{Action, Shape};
use mcp_core::dispatch::{Opened, Rows};
use mcp_core::domain::{Part, Position};
use mcp_core::error::ActionError;
use pages::Paged;
pub(super) use whole::Whole;

/// A row and where it stands.
pub(super) type Row = (Value, Place);

/// What an action gave.
pub(super) enum Given {
    /// Rows, a part at a time.
    Rows(Source),
    /// One thing.
    One(Value),
}

/// Rows, a part at a time.
pub(super) enum Source {
    /// Of the memory.
    Memory(Rows),
    /// Of another system, or of an action that gives parts.
    Paged(Box<Paged>),
    /// All at once.
    Whole(Whole),
}

impl Source {
    /// Calls the action of a query. `cursor` is where its rows go on.
    pub(super) async fn open(
        dispatcher: &Dispatcher,
        action: &Action,
        query: &LeanQuery,
        cursor: Option<&Cursor>,
    ) -> Result<Given, ActionError> {
        let place = cursor.map(|cursor| cursor.place);
        if let Some(list) = paged(action, query, place)? {
            return Ok(Given::Rows(Self::Paged(Box::new(list))));
        }
        let after = place.and_then(|place| match place.key {
            Key::Number(number) => Some(Position(number)),
            _ => None,
        });
        match dispatcher.open(query.call(), after).await? {
            Opened::Rows(rows) => Ok(Given::Rows(Self::Memory(rows))),
            Opened::Text { text, .. } => given(&text, action, query, place),
        }
    }

    /// The next rows; none behind the last.
    pub(super) async fn next(
        &mut self,
        dispatcher: &Dispatcher,
    ) -> Result<Option<Vec<Row>>, ActionError> {
        match self {
            Self::Memory(rows) => match rows.next(dispatcher.store()).await? {
                Some(part) => Ok(Some(rows_of(part))),
                None => Ok(None),
            },
            Self::Paged(paged) => paged.next(dispatcher).await,
            Self::Whole(whole) => Ok(whole.take()),
        }
    }

    /// Whether there is anything behind what was read.
    pub(super) async fn has_more(&mut self, dispatcher: &Dispatcher) -> Result<bool, ActionError> {
        match self {
            Self::Paged(paged) => paged.has_more(dispatcher).await,
            Self::Memory(_) | Self::Whole(_) => Ok(false),
        }
    }

    /// Returns why something is missing from what was read.
    pub(super) fn incomplete(&self) -> Option<String> {
        match self {
            Self::Memory(_) => None,
            Self::Paged(paged) => paged.incomplete.clone(),
            Self::Whole(whole) => whole.incomplete.clone(),
        }
    }

    /// Whether reading on means to ask another system: it is done no more than is needed.
    pub(super) fn is_dear(&self) -> bool {
        matches!(self, Self::Paged(_))
    }
}

/// The pages of an action that gives its list in pages, behind a place.
pub(super) fn paged(
    action: &Action,
    query: &LeanQuery,
    place: Option<Place>,
) -> Result<Option<Paged>, ActionError> {
    match action.doc.view.shape {
        Shape::Rows { at, pages: Some(pages) } if !is_around(action, query, at) => {
            Paged::new(action, query, at, pages, place).map(Some)
        }
        _ => Ok(None),
    }
}

/// Whether what is around the rows is asked for: how many there are altogether, say.
fn is_around(action: &Action, query: &LeanQuery, at: &str) -> bool {
    let Fields::Named(paths) = &query.fields else { return false };
    let around = &action.lean_schema()["properties"];
    !at.is_empty() && paths.iter().all(|path| around.get(path.first()).is_some())
}

/// What a result is: the rows at a path of it, or one thing.
pub(super) fn given(
    text: &str,
    action: &Action,
    query: &LeanQuery,
    place: Option<Place>,
) -> Result<Given, ActionError> {
    let at = match action.doc.view.shape {
        Shape::Rows { at, .. } => at,
        _ => "",
    };
    let value = json(text)?;
    let found = if at.is_empty() { Some(value.clone()) } else { fields::find(&value, at) };
    let Some(Value::Array(rows)) = found else { return Ok(Given::One(value)) };
    if let (false, Fields::Named(paths)) = (at.is_empty(), &query.fields) {
        let are_in = |value: &Value| paths.iter().all(|path| fields::is_in(value, path.as_str()));
        if are_in(&value) && !rows.iter().any(are_in) {
            return Ok(Given::One(value));
        }
    }
    let incomplete = action.doc.view.incomplete_in(&value);
    let mut whole = Whole::new(rows, place);
    whole.incomplete = incomplete;
    Ok(Given::Rows(Source::Whole(whole)))
}

/// Rows of the memory, from their texts and places.
pub(super) fn rows_of(part: Part<Value>) -> Vec<Row> {
    let row = |(Position(number), row)| (row, Place::at(Key::Number(number)));
    part.rows.into_iter().map(row).collect()
}

/// A result as JSON values.
pub(super) fn json(text: &str) -> Result<Value, ActionError> {
    mcp_core::json::value(text).map_err(ActionError::internal)
}
