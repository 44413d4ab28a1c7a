//! The answers of the steps, within one budget.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::blobs::Blobs;
use crate::budget::Budget;
use crate::format::error_text;
use crate::result::{Data, QueryResult};
use crate::{reduce, tokens};
use mcp_core::error::ActionError;

/// The answer of a step: `{"id", "data"}`, with `"next"` if there are more rows, or `{"id", "error",
/// "signature"?}`.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct StepAnswer(Box<RawValue>);

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
                "data": {"description": "The step's result; null if it was skipped."},
                "next": {"type": "string", "description": "The cursor of the next page."},
                "incomplete": {"type": "string", "description": "Why something is missing from the result."},
                "error": {"type": "string", "description": "Why the step failed."},
                "signature": {"type": "string", "description": "The signature of its action."},
            },
            "required": ["id"],
        })
    }
}

/// The outcome of a step.
pub(super) enum Outcome {
    Done(Box<QueryResult>),
    /// Its condition did not hold.
    Skipped,
    Failed(ActionError),
}

impl Outcome {
    /// Returns about how many bytes it has.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Skipped | Self::Failed(_) => 0,
            Self::Done(result) => match &result.data {
                Data::Rows(rows) => rows.values.iter().map(reduce::size).sum(),
                Data::One(value, _) => reduce::size(value),
            },
        }
    }

    /// Returns about how many bytes are held for it.
    pub(super) fn held(&self) -> usize {
        let kept = match self {
            Self::Done(result) => result.kept.as_ref(),
            _ => None,
        };
        self.size() + kept.map_or(0, |kept| kept.text.len())
    }
}

/// Writes the answers. Small results get their share of the tokens first, so that only large ones are cut.
pub(super) fn write(
    blobs: &Blobs,
    outcomes: Vec<(String, Outcome)>,
    max_tokens: usize,
) -> Result<Vec<StepAnswer>, ActionError> {
    // `{"data":[…]}` is around them.
    let mut left = max_tokens.saturating_sub(8);
    let mut steps: Vec<(usize, String, Outcome)> =
        outcomes.into_iter().enumerate().map(|(at, (id, outcome))| (at, id, outcome)).collect();
    steps.sort_by_key(|(_, _, outcome)| outcome.size());
    let mut texts: Vec<(usize, String)> = Vec::new();
    let count = steps.len();
    for (done, (at, id, outcome)) in steps.into_iter().enumerate() {
        let name = mcp_core::json::text(&id)?;
        let around = tokens::count(&format!("{{\"id\":{name},")) + 1;
        let share = (left / (count - done)).saturating_sub(around).max(Budget::MIN);
        let share = if max_tokens == 0 { 0 } else { share };
        let text = match outcome {
            Outcome::Skipped => r#"{"data":null}"#.to_owned(),
            Outcome::Failed(error) => error_text(&error),
            // A result that cannot be written is the failure of this step alone.
            Outcome::Done(result) => result
                .write(Budget::tokens(share)?, blobs)
                .map_or_else(|error| error_text(&error), |written| written.fitted.text),
        };
        // Each text is an object: the id becomes its first member.
        let text = format!("{{\"id\":{name},{}", text.get(1..).unwrap_or_default());
        left = left.saturating_sub(tokens::count(&text) + 1);
        texts.push((at, text));
    }
    texts.sort_by_key(|(at, _)| *at);
    let answer = |(_, text)| RawValue::from_string(text).map(StepAnswer);
    texts.into_iter().map(answer).collect::<Result<_, _>>().map_err(ActionError::internal)
}
