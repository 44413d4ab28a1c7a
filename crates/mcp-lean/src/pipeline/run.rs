//! The drivers of a pipeline: they make its calls, each on its own or in a transaction.

use super::{Finished, NextStep, Pipeline, StepOutput};
use crate::blobs::Blobs;
use crate::cursor::{self, Cursor};
use crate::kept::{KeptResult, after_call, is_kept};
use crate::query::LeanQuery;
use crate::result::{Data, QueryResult, ValueKind};
use crate::tokens;
use mcp_core::Dispatcher;
use mcp_core::action::Action;
use mcp_core::dispatch::{InTransaction, Opened, Transaction};
use mcp_core::error::{ActionError, ErrorCode};

/// About how many bytes v1 puts around a result.
const V1_ENVELOPE: usize = 120;

/// Runs a query, each call on its own.
///
/// # Errors
/// Returns the error of the action, or `InvalidParams` if the query does not suit its result.
pub(crate) async fn run(
    blobs: &Blobs,
    dispatcher: &Dispatcher,
    query: &LeanQuery,
) -> Result<QueryResult, ActionError> {
    let registry = dispatcher.registry_with(&query.action).await;
    let Ok(action) = registry.find(&query.action) else {
        return Err(unknown_action(dispatcher, query).await);
    };
    let prepared = PreparedQuery::new(action, query)?;
    let mut pipeline = prepared.pipeline(action)?;
    let mut kept = prepared.kept(action, blobs)?;
    let mut list = None;
    while let Some(step) = pipeline.next()? {
        let output = match (step, &kept) {
            // Nothing is called a second time.
            (NextStep::Call(..), Some(kept)) => StepOutput::Text(kept.text.clone(), false),
            (NextStep::Call(call, after), None) => match dispatcher.open(call, after).await? {
                Opened::Text { text, has_more } => {
                    kept = is_kept(action).then(|| KeptResult::new(text.clone(), blobs));
                    StepOutput::Text(text, has_more)
                }
                Opened::Rows(mut rows) => {
                    let part = rows.next(dispatcher.store()).await?;
                    list = Some(rows);
                    StepOutput::Part(part)
                }
            },
            (NextStep::NextPart, _) => match &mut list {
                Some(rows) => StepOutput::Part(rows.next(dispatcher.store()).await?),
                None => StepOutput::Part(None),
            },
        };
        pipeline
            .feed(output)
            .map_err(|error| after_call(action.done().as_deref(), kept.as_ref(), blobs, error))?;
    }
    let finished = pipeline
        .finish(blobs)
        .map_err(|error| after_call(action.done().as_deref(), kept.as_ref(), blobs, error))?;
    Ok(prepared.result(action, finished, kept))
}

/// Runs a query in a transaction, without a cursor.
///
/// # Errors
/// As [`run`]; the transaction should end with it.
pub(crate) fn run_within(
    blobs: &Blobs,
    transaction: &mut Transaction<'_>,
    query: &LeanQuery,
) -> Result<QueryResult, ActionError> {
    let registry = transaction.registry();
    let action = registry.find(&query.action)?;
    let prepared = PreparedQuery::new(action, query)?;
    let mut pipeline = prepared.pipeline(action)?;
    let mut list = None;
    while let Some(step) = pipeline.next()? {
        if let NextStep::Call(call, _) = step {
            list = match transaction.call(&call)? {
                InTransaction::Text(text) => {
                    pipeline.feed(StepOutput::Text(text, false))?;
                    continue;
                }
                InTransaction::List(work) => Some((work, None)),
            };
        }
        let Some((work, after)) = &mut list else { break };
        let part = transaction.rows(&mut **work, *after)?;
        *after = part.next;
        pipeline.feed(StepOutput::Part(Some(part)))?;
    }
    let finished = pipeline.finish(blobs)?;
    Ok(prepared.result(action, finished, None))
}

/// A query as its action needs it.
struct PreparedQuery {
    query: LeanQuery,
    cursor: Option<Cursor>,
    digest: u32,
}

impl PreparedQuery {
    fn new(action: &Action, query: &LeanQuery) -> Result<Self, ActionError> {
        let mut query = query.for_action(action)?;
        let digest = query.digest();
        let cursor = query.cursor.as_deref().map(|text| Cursor::read(text, digest)).transpose()?;
        if let Some(cursor) = &cursor {
            if cursor.kept.is_some() != is_kept(action) {
                return Err(cursor::invalid());
            }
            query.start_text_at(action, cursor)?;
        }
        Ok(Self { query, cursor, digest })
    }

    fn pipeline<'a>(&'a self, action: &'a Action) -> Result<Pipeline<'a>, ActionError> {
        Pipeline::new(action, &self.query, self.cursor.clone())
    }

    /// Returns the kept result that the cursor names.
    fn kept(&self, action: &Action, blobs: &Blobs) -> Result<Option<KeptResult>, ActionError> {
        let id = self.cursor.as_ref().and_then(|cursor| cursor.kept);
        id.map(|id| KeptResult::read(id, action, blobs)).transpose()
    }

    fn result(
        self,
        action: &Action,
        finished: Finished,
        mut kept: Option<KeptResult>,
    ) -> QueryResult {
        let Finished { data, bytes, incomplete } = finished;
        if let (Some(kept), Data::One(value, ValueKind::Contents)) = (&mut kept, &data) {
            // Later pages show the same handles.
            kept.text = value.to_string();
        }
        let v1_bytes = if action.is_lean_of_v1() { bytes + V1_ENVELOPE } else { 0 };
        QueryResult {
            query: self.query,
            columns: action.doc.view.columns,
            data,
            digest: self.digest,
            taken: self.cursor.map_or(0, |cursor| cursor.taken),
            incomplete,
            v1_tokens: tokens::estimate(v1_bytes),
            done: action.done(),
            kept,
        }
    }
}

/// Returns the error for an unknown action, with the names of similar ones. The dispatcher logs the call.
pub(crate) async fn unknown_action(dispatcher: &Dispatcher, query: &LeanQuery) -> ActionError {
    let Err(mut error) = dispatcher.open(query.call(), None).await else {
        return ActionError::new(ErrorCode::UnknownAction, "Unknown action");
    };
    if error.code == ErrorCode::UnknownAction {
        let near = dispatcher.registry().catalogue().nearest(&query.action).join(", ");
        error.message = format!("{}. Nearest: {near}", error.message);
    }
    error
}
