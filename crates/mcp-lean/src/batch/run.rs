//! Runs the steps of a batch: one after another, or all in one transaction.

use std::sync::Arc;

use serde_json::Value;

use super::answers::{self, Outcome, StepAnswer};
use super::reference::{Results, StepData};
use super::step::{Step, of_step};
use super::{BatchParams, MAX_STEPS};
use crate::blobs::Blobs;
use crate::budget::Budget;
use crate::pipeline::run as pipeline;
use crate::result::Data;
use crate::{LeanQuery, reduce};
use mcp_core::action::{Action, Shape};
use mcp_core::dispatch::Transaction;
use mcp_core::error::ActionError;
use mcp_core::memory::Access;
use mcp_core::{Context, Dispatcher, Registry};

/// About how many bytes of results a batch holds; the step after that is not run.
const MAX_HELD: usize = 64 << 20;
/// The name of the last step in `return`.
const LAST: &str = "last";

/// Runs a batch.
pub(super) async fn run(
    blobs: &Arc<Blobs>,
    params: BatchParams,
    dispatcher: &Dispatcher,
    context: &Context,
) -> Result<Vec<StepAnswer>, ActionError> {
    let BatchParams { steps: given, atomic, returned, max_tokens } = params;
    let max_tokens = max_tokens.get() as usize;
    Budget::tokens(max_tokens)?;
    if given.is_empty() || given.len() > MAX_STEPS {
        return Err(ActionError::invalid(format!("steps must be 1 to {MAX_STEPS}")));
    }
    let mut steps: Vec<Step> = Vec::new();
    for step in given {
        steps.push(Step::read(step, &steps)?);
    }
    let is_returned = returned_ids(&steps, returned)?;
    let registry = dispatcher.registry();
    for step in &steps {
        let Ok(action) = registry.find(step.action()) else {
            // A step on its own fails in its turn.
            if atomic {
                let error = pipeline::unknown_action(dispatcher, step.original_query()).await;
                return Err(of_step(&step.id, error));
            }
            continue;
        };
        check(action, atomic).map_err(|error| of_step(&step.id, error))?;
    }
    let batch = BatchState::of(&steps, is_returned);
    let outcomes = if atomic {
        let blobs = Arc::clone(blobs);
        let access = dispatcher.access(steps.iter().map(Step::action));
        let run = move |transaction: &mut Transaction<'_>| {
            run_atomic(&blobs, &steps, batch, access, transaction)
        };
        dispatcher.transaction(&context.caller, access, run).await?
    } else {
        run_each(blobs, &steps, batch, dispatcher, context).await
    };
    answers::write(blobs, outcomes, max_tokens)
}

/// Returns for each step whether its result is returned.
fn returned_ids(steps: &[Step], returned: Option<Vec<String>>) -> Result<Vec<bool>, ActionError> {
    let Some(ids) = returned else { return Ok(vec![true; steps.len()]) };
    let mut is_returned = vec![false; steps.len()];
    for id in ids {
        let at = match id.as_str() {
            LAST => Some(steps.len() - 1),
            id => steps.iter().position(|step| step.id == id),
        };
        let Some(at) = at else {
            let id: String = id.chars().take(64).collect();
            return Err(ActionError::invalid(format!("return: no step has the id {id:?}")));
        };
        is_returned[at] = true;
    }
    Ok(is_returned)
}

/// Rejects an action that cannot be a step, before anything runs.
fn check(action: &Action, atomic: bool) -> Result<(), ActionError> {
    let rejection = if action.compound {
        format!("{} cannot be a step", action.name)
    } else if atomic && action.remote {
        format!(
            "{} calls an upstream, which no transaction can undo: leave out atomic",
            action.name
        )
    } else {
        return Ok(());
    };
    Err(ActionError::invalid(rejection))
}

/// Runs the steps one after another. A step that fails does not stop steps that do not refer to it.
async fn run_each(
    blobs: &Blobs,
    steps: &[Step],
    mut batch: BatchState,
    dispatcher: &Dispatcher,
    context: &Context,
) -> Vec<(String, Outcome)> {
    let failed = |error| Outcome::Failed(dispatcher.redactor().scrub_error(error));
    for (at, step) in steps.iter().enumerate() {
        let outcome = match batch.query(at, step) {
            Ok(Some(mut query)) => {
                query.context = context.clone();
                match pipeline::run(blobs, dispatcher, &query).await {
                    Ok(result) => Outcome::Done(Box::new(result)),
                    Err(error) => failed(error),
                }
            }
            Ok(None) => Outcome::Skipped,
            Err(error) => failed(error),
        };
        batch.keep(at, step, outcome, &dispatcher.registry());
    }
    batch.outcomes
}

/// Runs all steps in one transaction. The first that fails undoes everything.
fn run_atomic(
    blobs: &Blobs,
    steps: &[Step],
    mut batch: BatchState,
    access: Access,
    transaction: &mut Transaction<'_>,
) -> Result<Vec<(String, Outcome)>, ActionError> {
    for (at, step) in steps.iter().enumerate() {
        let undone = |error: ActionError| {
            let mut error = of_step(&step.id, error);
            if access == Access::Write {
                let message = error.message.trim_end_matches('.');
                error.message = format!("{message}. Nothing was changed");
            }
            error
        };
        let outcome = match batch.query(at, step).map_err(undone)? {
            Some(query) => {
                let result = pipeline::run_within(blobs, transaction, &query);
                Outcome::Done(Box::new(result.map_err(undone)?))
            }
            None => Outcome::Skipped,
        };
        batch.keep(at, step, outcome, transaction.registry());
    }
    Ok(batch.outcomes)
}

/// The results of the steps that have run, as far as they are returned or referred to.
struct BatchState {
    is_returned: Vec<bool>,
    used: Vec<Used>,
    results: Results,
    outcomes: Vec<(String, Outcome)>,
    /// About how many bytes of results are held.
    held: usize,
}

/// The part of a step's result that later steps refer to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Used {
    Nothing,
    /// A condition, or one of the first rows.
    Beginning,
    Whole,
}

impl BatchState {
    fn of(steps: &[Step], is_returned: Vec<bool>) -> Self {
        let used = |step: &Step| {
            let all = steps.iter().flat_map(|later| later.uses(&step.id));
            let of = |is_whole| if is_whole { Used::Whole } else { Used::Beginning };
            all.map(of).max().unwrap_or(Used::Nothing)
        };
        let used = steps.iter().map(used).collect();
        let (results, outcomes) = (Results::default(), Vec::new());
        Self { is_returned, used, results, outcomes, held: 0 }
    }

    /// Returns the query of a step; `None` if its condition does not hold.
    fn query(&self, at: usize, step: &Step) -> Result<Option<LeanQuery>, ActionError> {
        if self.held > MAX_HELD {
            return Err(ActionError::invalid(format!(
                "the results of the steps before have over {MAX_HELD} bytes: use limits, or several batches"
            )));
        }
        let mut query = step.query(&self.results)?;
        if let Some(query) = query.as_mut().filter(|_| self.used[at] == Used::Whole) {
            // A reference to a whole list includes its rows that are not returned.
            query.budget = Budget::tokens(0)?;
        }
        Ok(query)
    }

    fn keep(&mut self, at: usize, step: &Step, outcome: Outcome, registry: &Registry) {
        if self.used[at] != Used::Nothing {
            let data = data_of(&outcome, registry);
            self.held += data.as_ref().map_or(0, |data| reduce::size(&data.value));
            self.results.keep(&step.id, data);
        }
        // A failure is always returned.
        if self.is_returned[at] || matches!(outcome, Outcome::Failed(_)) {
            self.held += outcome.held();
            self.outcomes.push((step.id.clone(), outcome));
        }
    }
}

/// Returns the data that later steps refer to: all rows, whole.
fn data_of(outcome: &Outcome, registry: &Registry) -> Option<StepData> {
    let Outcome::Done(result) = outcome else { return None };
    let (value, has_more) = match &result.data {
        Data::Rows(rows) => (Value::Array(rows.values.clone()), rows.more.is_some()),
        Data::One(value, _) => (value.clone(), false),
    };
    // A reference to a page of an upstream's list means that page.
    let is_page = registry
        .find(&result.query.action)
        .is_ok_and(|action| matches!(action.doc.view.shape, Shape::Rows { pages: Some(_), .. }));
    Some(StepData { value, has_more: has_more && !is_page })
}
