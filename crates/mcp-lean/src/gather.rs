//! Carries an action out for a query and takes in what it gives, as much as is of use.

use serde_json::Value;

use super::cursor::{Cursor, Place};
use super::fields::Fields;
use super::query::LeanQuery;
use super::reduce::{Gather, Kept, Reduced, Room};
use super::source::{Given, Row, Source, Whole, given, paged, rows_of};
use super::unknown::Unknown;
use super::{select, shapes, tree};
use mcp_core::Dispatcher;
use mcp_core::action::{Action, Effect, Shape};
use mcp_core::dispatch::{InTransaction, Together};
use mcp_core::error::ActionError;

/// What an action gave, reduced.
pub(super) enum Gathered {
    /// Rows; where there are more, the place of the last that was looked at; and whether they can be
    /// gone on with.
    Rows { kept: Vec<Kept>, more: Option<Place>, goes_on: bool },
    /// A number or counts.
    Counted(Value),
    /// One thing.
    One(Value),
}

/// The result of an action, and why something is missing from it.
pub(super) type Incompletely = (Gathered, Option<String>);

/// About how many bytes of whole rows a query holds at once.
const MOST_HELD: usize = 16 << 20;

fn room<'a>(query: &LeanQuery, weigh: &'a (dyn Fn(&Value) -> usize + Sync)) -> Room<'a> {
    let (rows, bytes) = (query.budget.rows(), query.budget.bytes());
    Room { rows, bytes, weigh, held: MOST_HELD }
}

/// Carries the action out.
pub(super) async fn gather(
    dispatcher: &Dispatcher,
    action: &Action,
    query: &LeanQuery,
    cursor: Option<&Cursor>,
    mut unknown: Unknown,
) -> Result<Incompletely, ActionError> {
    let natural = cursor.filter(|_| query.reductions.sort.is_empty());
    if cursor.is_some() && action.effect == Effect::Write {
        return Err(ActionError::invalid("cursor: what is written is not gone on with"));
    }
    if !query.reductions.is_none() && action.effect == Effect::Write {
        // Said before it is done.
        return Err(no_list(action));
    }
    let mut query = query.clone();
    if let (Shape::Text { offset, .. }, Some(cursor)) = (action.doc.view.shape, natural) {
        shapes::go_on(&mut query, offset, cursor.place)?;
    }
    let query = &query;
    let mut incomplete = None;
    let mut source = match Source::open(dispatcher, action, query, natural).await? {
        Given::Rows(source) => source,
        Given::One(value) => {
            incomplete = action.doc.view.incomplete_in(&value);
            match of_one(action, query, value, cursor, &mut unknown)? {
                Given::Rows(source) => source,
                Given::One(value) => {
                    unknown.end()?;
                    return Ok((Gathered::One(value), incomplete));
                }
            }
        }
    };
    let columns = action.doc.view.columns;
    let weigh = |row: &Value| select::size(row, &query.fields, columns);
    let mut rows = Gather::new(&query.reductions, columns, cursor, &room(query, &weigh));
    let is_plain = query.reductions.is_none();
    let mut wants_more = true;
    'parts: while let Some(part) = source.next(dispatcher).await? {
        let read = !part.is_empty();
        for (row, place) in part {
            unknown.see(&row);
            if !rows.push(row, place)? {
                wants_more = false;
                break 'parts;
            }
        }
        // A page of another system's is enough for one answer.
        if is_plain && read && source.is_dear() {
            break;
        }
    }
    unknown.end()?;
    let more = if wants_more { source.has_more(dispatcher).await? } else { false };
    let incomplete = incomplete.or_else(|| source.incomplete());
    Ok((finished(action, query, rows, more)?, incomplete))
}

/// What is left of the rows that were taken in. `more` is whether there are others behind them.
fn finished(
    action: &Action,
    query: &LeanQuery,
    rows: Gather<'_>,
    more: bool,
) -> Result<Gathered, ActionError> {
    if more && query.reductions.needs_all() {
        return Err(ActionError::invalid(
            "The list is too long to be sorted, grouped or counted: narrow it with params, or name \
             a page",
        ));
    }
    let goes_on = action.effect == Effect::Read;
    Ok(match rows.finish(more) {
        Reduced::Rows(kept, more) => Gathered::Rows { kept, more, goes_on },
        Reduced::Value(value) => Gathered::Counted(value),
    })
}

/// Carries a memory action out inside a transaction. A list is looked through as outside of one.
pub(super) fn gather_together(
    together: &mut Together<'_>,
    action: &Action,
    query: &LeanQuery,
    mut unknown: Unknown,
) -> Result<Gathered, ActionError> {
    let columns = action.doc.view.columns;
    let weigh = |row: &Value| select::size(row, &query.fields, columns);
    let mut rows = Gather::new(&query.reductions, columns, None, &room(query, &weigh));
    let mut take = |part: Vec<Row>| -> Result<bool, ActionError> {
        for (row, place) in part {
            unknown.see(&row);
            if !rows.push(row, place)? {
                return Ok(false);
            }
        }
        Ok(true)
    };
    if let Some(mut pages) = paged(action, query, None)? {
        let is_plain = query.reductions.is_none();
        let mut wants_more = true;
        while wants_more && let Some(part) = pages.next_together(together)? {
            wants_more = take(part)?;
            // One is enough for one answer.
            if is_plain {
                break;
            }
        }
        unknown.end()?;
        let more = wants_more && pages.has_more_together(together)?;
        return finished(action, query, rows, more);
    }
    match together.call(&query.call())? {
        InTransaction::Text(text) => match given(&text, action, query, None)? {
            Given::Rows(Source::Whole(mut whole)) => {
                take(whole.take().unwrap_or_default())?;
            }
            Given::One(value) => match of_one(action, query, value, None, &mut unknown)? {
                Given::One(value) => {
                    unknown.end()?;
                    return Ok(Gathered::One(value));
                }
                Given::Rows(_) => {
                    return Err(ActionError::internal("a memory action gives no tree"));
                }
            },
            Given::Rows(_) => return Err(ActionError::internal("a result is whole")),
        },
        InTransaction::List(mut work) => {
            let mut after = None;
            loop {
                let part = together.rows(&mut *work, after)?;
                let next = part.next;
                if !take(rows_of(part))? || next.is_none() {
                    break;
                }
                after = next;
            }
        }
    }
    unknown.end()?;
    finished(action, query, rows, false)
}

/// What a result that is no list is taken for: a tree's rows, or one thing.
fn of_one(
    action: &Action,
    query: &LeanQuery,
    value: Value,
    cursor: Option<&Cursor>,
    unknown: &mut Unknown,
) -> Result<Given, ActionError> {
    let is_plain = query.reductions.is_none();
    let natural = cursor.filter(|_| query.reductions.sort.is_empty()).map(|cursor| cursor.place);
    let shape = action.doc.view.shape;
    let rows = match (shape, &query.fields) {
        (Shape::Tree { at, .. }, Fields::Named(_)) if !at.is_empty() => {
            Some(tree::tops(&value, at))
        }
        (Shape::Tree { tree, .. }, Fields::Summary) if !is_plain => Some(tree::rows(&value, tree)),
        _ => None,
    };
    if let Some(rows) = rows {
        return Ok(Given::Rows(Source::Whole(Whole::new(rows, natural))));
    }
    if !is_plain {
        return Err(no_list(action));
    }
    let is_outline = matches!(shape, Shape::Tree { .. }) && query.fields == Fields::Summary;
    if cursor.is_some() && !is_outline && !matches!(shape, Shape::Text { .. }) {
        return Err(ActionError::invalid(format!("cursor: {} gives no list", action.name)));
    }
    unknown.see(&value);
    Ok(Given::One(value))
}

fn no_list(action: &Action) -> ActionError {
    ActionError::invalid(format!(
        "{} gives no list: filter, sort, group_by, count and limit are for lists",
        action.name
    ))
}
