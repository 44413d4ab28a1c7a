//! Running the steps: one after another, or all in one transaction.

use super::answers::{self, Outcome, StepAnswer};
use super::reference::{Results, StepData};
use super::step::{Step, of_step};
use super::{BatchParams, MOST_STEPS};
use crate::answer::Data;
use crate::budget::Budget;
use crate::{Lean, LeanQuery, reduce};
use mcp_core::action::{Action, Shape};
use mcp_core::dispatch::Together;
use mcp_core::error::ActionError;
use mcp_core::memory::Access;
use mcp_core::{Context, Dispatcher, Registry};

/// About how many bytes are held of what steps gave; the step behind it is not run.
const MOST_HELD: usize = 64 << 20;
/// The step that `last` means.
const LAST: &str = "last";

/// Runs a batch.
pub(super) async fn run(
    lean: &Lean,
    params: BatchParams,
    dispatcher: &Dispatcher,
    context: &Context,
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
    let registry = dispatcher.registry();
    for step in &steps {
        let Ok(action) = registry.find(step.action()) else {
            // Where it is alone, it fails when its turn comes.
            if atomic {
                let error = lean.unknown_action(dispatcher, step.asked()).await;
                return Err(of_step(&step.id, error));
            }
            continue;
        };
        check(action, atomic).map_err(|error| of_step(&step.id, error))?;
    }
    let taken = Taken::of(&steps, is_returned);
    let outcomes = if atomic {
        let lean = lean.clone();
        let access = dispatcher.access(steps.iter().map(Step::action));
        let run = move |together: &mut Together<'_>| all(&lean, &steps, taken, access, together);
        dispatcher.together(&context.caller, access, run).await?
    } else {
        each(lean, &steps, taken, dispatcher, context).await
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
fn check(action: &Action, atomic: bool) -> Result<(), ActionError> {
    let refused = if action.compound {
        format!("{} cannot be a step", action.name)
    } else if atomic && action.remote {
        format!("{} asks another system, which no transaction can undo", action.name)
    } else {
        return Ok(());
    };
    Err(ActionError::invalid(refused))
}

/// One after another. A step that fails does not stop those that do not refer to it.
async fn each(
    lean: &Lean,
    steps: &[Step],
    mut taken: Taken,
    dispatcher: &Dispatcher,
    context: &Context,
) -> Vec<(String, Outcome)> {
    let failed = |error| Outcome::Failed(dispatcher.redactor().scrub_error(error));
    for (at, step) in steps.iter().enumerate() {
        let outcome = match taken.query(at, step) {
            Ok(Some(mut query)) => {
                query.context = context.clone();
                match lean.fetch(dispatcher, &query).await {
                    Ok(fetched) => Outcome::Done(Box::new(query), Box::new(fetched)),
                    Err(error) => failed(error),
                }
            }
            Ok(None) => Outcome::Skipped,
            Err(error) => failed(error),
        };
        taken.keep(at, step, outcome, &dispatcher.registry());
    }
    taken.outcomes
}

/// All in one transaction: the first that fails undoes everything.
fn all(
    lean: &Lean,
    steps: &[Step],
    mut taken: Taken,
    access: Access,
    together: &mut Together<'_>,
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
        let outcome = match taken.query(at, step).map_err(undone)? {
            Some(query) => {
                let fetched = lean.fetch_together(together, &query).map_err(undone)?;
                Outcome::Done(Box::new(query), Box::new(fetched))
            }
            None => Outcome::Skipped,
        };
        taken.keep(at, step, outcome, together.registry());
    }
    Ok(taken.outcomes)
}

/// What is kept of the steps that have run: what is answered, and what later ones refer to.
struct Taken {
    is_returned: Vec<bool>,
    used: Vec<Used>,
    results: Results,
    outcomes: Vec<(String, Outcome)>,
    /// About how many bytes all of it is.
    held: usize,
}

/// What later steps use of what a step gives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Used {
    Nothing,
    /// Whether it is there, or one of its first rows.
    Beginning,
    Whole,
}

impl Taken {
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

    /// The query of the step whose turn it is; none where it is skipped.
    fn query(&self, at: usize, step: &Step) -> Result<Option<LeanQuery>, ActionError> {
        if self.held > MOST_HELD {
            return Err(ActionError::invalid(format!(
                "The steps before gave over {MOST_HELD} bytes: ask for less, or in several batches"
            )));
        }
        let mut query = step.query(&self.results)?;
        if let Some(query) = query.as_mut().filter(|_| self.used[at] == Used::Whole) {
            // What does not fit into the answer is used as well.
            query.budget = Budget::tokens(0)?;
        }
        Ok(query)
    }

    fn keep(&mut self, at: usize, step: &Step, outcome: Outcome, registry: &Registry) {
        if self.used[at] != Used::Nothing {
            let given = given_by(&outcome, registry);
            self.held += given.as_ref().map_or(0, |given| reduce::size(&given.data));
            self.results.keep(&step.id, given);
        }
        // A failure is always told.
        if self.is_returned[at] || matches!(outcome, Outcome::Failed(_)) {
            self.held += outcome.size();
            self.outcomes.push((step.id.clone(), outcome));
        }
    }
}

/// What later steps can refer to: the rows that are left, whole.
fn given_by(outcome: &Outcome, registry: &Registry) -> Option<StepData> {
    let Outcome::Done(query, fetched) = outcome else { return None };
    let (data, more) = match &fetched.data {
        Data::Rows { kept, more, .. } => {
            (kept.iter().map(|kept| kept.row.clone()).collect(), more.is_some())
        }
        Data::One { value, .. } | Data::Tree { value, .. } => (value.clone(), false),
        Data::Text { text, .. } => (text.clone().into(), false),
    };
    // What an action gives in pages is asked for in pages.
    let is_page = registry
        .find(&query.action)
        .is_ok_and(|action| matches!(action.doc.view.shape, Shape::Rows { pages: Some(_), .. }));
    Some(StepData { data, goes_on: more && !is_page })
}
