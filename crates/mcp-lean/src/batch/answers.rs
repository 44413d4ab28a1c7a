//! What is answered of each step, all of them together within a number of tokens.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::answer::{Data, Fetched};
use crate::budget::Budget;
use crate::{Lean, LeanQuery, error_text, reduce, tokens};
use mcp_core::Dispatcher;
use mcp_core::error::ActionError;

/// What is answered of a step: `{"id", "data"}`, with `"next"` where a list goes on, or `{"id",
/// "error", "signature"?}`.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct StepAnswer(Box<RawValue>);

impl JsonSchema for StepAnswer {
    fn schema_name() -> Cow<'static, str> {
        "StepAnswer".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": {
                "id": {"type": "string", "description": "The step's id."},
                "data": {"description": "What it gave; null where it was skipped."},
                "next": {"type": "string", "description": "Where its list goes on."},
                "incomplete": {"type": "string", "description": "Why something is missing from it."},
                "error": {"type": "string", "description": "What was wrong."},
                "signature": {"type": "string", "description": "How its action is called."},
            },
            "required": ["id"],
        })
    }
}

/// How a step ended.
pub(super) enum Outcome {
    /// With data.
    Done(Box<LeanQuery>, Box<Fetched>),
    /// It was not to be run.
    Skipped,
    /// It failed.
    Failed(ActionError),
}

impl Outcome {
    /// About how large it is, in bytes.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Skipped | Self::Failed(_) => 0,
            Self::Done(_, fetched) => match &fetched.data {
                Data::Rows { kept, .. } => kept.iter().map(|kept| reduce::size(&kept.row)).sum(),
                Data::One { value, .. } | Data::Tree { value, .. } => reduce::size(value),
                Data::Text { text, .. } => text.len(),
            },
        }
    }
}

/// Writes what is answered. Small results come first to their share of the tokens, so that only
/// what is large is cut.
pub(super) fn write(
    lean: &Lean,
    dispatcher: &Dispatcher,
    outcomes: Vec<(String, Outcome)>,
    max_tokens: usize,
) -> Result<Vec<StepAnswer>, ActionError> {
    // For `{"data":[…]}` around them.
    let mut left = max_tokens.saturating_sub(8);
    let mut steps: Vec<(usize, String, Outcome)> =
        outcomes.into_iter().enumerate().map(|(at, (id, outcome))| (at, id, outcome)).collect();
    steps.sort_by_key(|(_, _, outcome)| outcome.size());
    let mut texts: Vec<(usize, String)> = Vec::new();
    let count = steps.len();
    for (done, (at, id, outcome)) in steps.into_iter().enumerate() {
        let name = mcp_core::json::text(&id)?;
        let around = tokens::count(&format!("{{\"id\":{name},")) + 1;
        let share = (left / (count - done)).saturating_sub(around).max(Budget::LEAST);
        let share = if max_tokens == 0 { 0 } else { share };
        let text = match outcome {
            Outcome::Skipped => r#"{"data":null}"#.to_owned(),
            Outcome::Failed(error) => error_text(&error),
            Outcome::Done(query, fetched) => {
                let registry = dispatcher.registry();
                let action = registry.find(&query.action)?;
                // It has run, and so have others: what cannot be written is one step's failure.
                lean.write(action, &query, *fetched, Budget::tokens(share)?)
                    .map_or_else(|error| error_text(&error), |written| written.text)
            }
        };
        // The id comes first in the object that each of these is.
        let text = format!("{{\"id\":{name},{}", text.get(1..).unwrap_or_default());
        left = left.saturating_sub(tokens::count(&text) + 1);
        texts.push((at, text));
    }
    texts.sort_by_key(|(at, _)| *at);
    let answer = |(_, text)| RawValue::from_string(text).map(StepAnswer);
    texts.into_iter().map(answer).collect::<Result<_, _>>().map_err(ActionError::internal)
}
