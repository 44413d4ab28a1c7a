//! Running the steps: one after another, or all in one transaction.

use serde_json::Value;

use super::answers::{self, Outcome, StepAnswer};
use super::reference::Results;
use super::step::{Step, of_step};
use super::{BatchParams, MOST_STEPS};
use crate::dispatch::Together;
use crate::error::ActionError;
use crate::lean::Lean;
use crate::lean::answer::Data;
use crate::lean::budget::Budget;
use crate::{Dispatcher, Progress, Registry};

/// The step that `last` means.
const LAST: &str = "last";

/// Runs a batch.
pub(super) async fn run(
    lean: &Lean,
    params: BatchParams,
    dispatcher: &Dispatcher,
    progress: &Progress,
) -> Result<Vec<StepAnswer>, ActionError> {
    let BatchParams { steps: given, atomic, returned, max_tokens } = params;
    let max_tokens = max_tokens.get() as usize;
    Budget::tokens(max_tokens)?;
    if given.is_empty() || given.len() > MOST_STEPS {
        return Err(ActionError::invalid(format!("steps must be 1 to {MOST_STEPS}")));
    }
    let mut steps: Vec<Step> = Vec::new();
    for step in given {
        steps.push(Step::read(step, &steps)?);
    }
    let is_returned = returned_ids(&steps, returned)?;
    for step in &steps {
        check(dispatcher.registry(), step, atomic)?;
    }
    let outcomes = if atomic {
        let lean = lean.clone();
        dispatcher.together(move |together| all(&lean, steps, &is_returned, together)).await?
    } else {
        each(lean, &steps, &is_returned, dispatcher, progress).await
    };
    answers::write(lean, dispatcher, outcomes, max_tokens)
}

/// Which steps are answered, by their number.
fn returned_ids(steps: &[Step], returned: Option<Vec<String>>) -> Result<Vec<bool>, ActionError> {
    let Some(ids) = returned else { return Ok(vec![true; steps.len()]) };
    let mut is_returned = vec![false; steps.len()];
    for id in ids {
        let at = match id.as_str() {
            LAST => Some(steps.len() - 1),
            id => steps.iter().position(|step| step.id == id),
        };
        let Some(at) = at else {
            let shown: String = id.chars().take(64).collect();
            return Err(ActionError::invalid(format!("return: no step is {shown}")));
        };
        is_returned[at] = true;
    }
    Ok(is_returned)
}

/// Refuses, before anything runs, what cannot be part of a batch.
fn check(registry: &Registry, step: &Step, atomic: bool) -> Result<(), ActionError> {
    let action = match registry.find(step.action()) {
        Ok(action) => action,
        Err(error) if atomic => return Err(of_step(&step.id, error)),
        // It fails when its turn comes, alone.
        Err(_) => return Ok(()),
    };
    let refused = if action.compound {
        format!("{} cannot be a step", action.name)
    } else if atomic && action.remote {
        format!("{} asks another system, which no transaction can undo", action.name)
    } else {
        return Ok(());
    };
    Err(of_step(&step.id, ActionError::invalid(refused)))
}

/// One after another. A step that fails does not stop those that do not refer to it.
async fn each(
    lean: &Lean,
    steps: &[Step],
    is_returned: &[bool],
    dispatcher: &Dispatcher,
    progress: &Progress,
) -> Vec<(String, Outcome)> {
    let mut results = Results::default();
    let mut outcomes = Vec::new();
    for (step, is_returned) in steps.iter().zip(is_returned) {
        let outcome = match step.query(&results) {
            Ok(Some(mut query)) => {
                query.progress = progress.clone();
                match lean.fetch(dispatcher, &query).await {
                    Ok(fetched) => Outcome::Done(Box::new(query), Box::new(fetched)),
                    Err(error) => Outcome::Failed(error),
                }
            }
            Ok(None) => Outcome::Skipped,
            Err(error) => Outcome::Failed(error),
        };
        results.keep(&step.id, data_of(&outcome));
        // A failure is always told.
        if *is_returned || matches!(outcome, Outcome::Failed(_)) {
            outcomes.push((step.id.clone(), outcome));
        }
    }
    outcomes
}

/// All in one transaction: the first that fails undoes everything.
fn all(
    lean: &Lean,
    steps: Vec<Step>,
    is_returned: &[bool],
    together: &mut Together<'_>,
) -> Result<Vec<(String, Outcome)>, ActionError> {
    let mut results = Results::default();
    let mut outcomes = Vec::new();
    for (step, is_returned) in steps.into_iter().zip(is_returned) {
        let undone = |error: ActionError| {
            let mut error = of_step(&step.id, error);
            error.message = format!("{}. Nothing was changed", error.message.trim_end_matches('.'));
            error
        };
        let outcome = match step.query(&results).map_err(undone)? {
            Some(query) => {
                let fetched = lean.fetch_together(together, &query).map_err(undone)?;
                Outcome::Done(Box::new(query), Box::new(fetched))
            }
            None => Outcome::Skipped,
        };
        results.keep(&step.id, data_of(&outcome));
        if *is_returned {
            outcomes.push((step.id, outcome));
        }
    }
    Ok(outcomes)
}

/// What later steps can refer to: the rows that are left, whole.
fn data_of(outcome: &Outcome) -> Option<Value> {
    let Outcome::Done(_, fetched) = outcome else { return None };
    Some(match &fetched.data {
        Data::Rows { kept, .. } => kept.iter().map(|kept| kept.row.clone()).collect(),
        Data::One { value, .. } | Data::Tree { value, .. } => value.clone(),
        Data::Text { text, .. } => text.clone().into(),
    })
}
