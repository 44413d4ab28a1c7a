//! A step: a query with an id and a condition.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::reference::{self, Reference, Results};
use crate::LeanQuery;
use crate::fields::Fields;
use crate::reduce::Reductions;
use mcp_core::ActionError;
use mcp_core::action::params::{ObjectText, ParamsText, Text};

/// The longest id of a step, in bytes.
const LONGEST_ID: usize = 64;

/// A step, as it is given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepParams {
    /// What later steps and the answer call it; no dots.
    id: Text,
    /// The action's name.
    action: Text,
    /// Its parameters. `{"$ref":"earlier.data.0.id"}` stands for what an earlier step gave.
    #[serde(default)]
    params: ObjectText,
    /// Which fields of the result are answered: names, or `*` for all.
    #[serde(default)]
    #[schemars(with = "Option<Vec<String>>")]
    fields: Value,
    /// A `$ref`: where it is false, null, 0, empty or missing, the step is skipped.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    when: Value,
    /// Only rows whose fields have these values, or one of a list of them.
    #[serde(default)]
    #[schemars(with = "Option<Map<String, Value>>")]
    filter: Value,
    /// The field that rows are sorted by, with `-` before it for the highest first.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    sort: Value,
    /// How many rows there are for each value of this field.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    group_by: Value,
    /// How many rows there are.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    count: Value,
    /// At most this many rows.
    #[serde(default)]
    #[schemars(with = "Option<u64>")]
    limit: Value,
}

/// A step that is ready to run when its turn comes.
pub(super) struct Step {
    pub(super) id: String,
    when: Option<Reference>,
    params: ObjectText,
    /// The references in the parameters.
    references: Vec<Reference>,
    query: LeanQuery,
}

impl Step {
    /// Reads a step whose references may name these steps.
    pub(super) fn read(given: StepParams, earlier: &[Step]) -> Result<Self, ActionError> {
        let id = given.id.0;
        let named = |error: ActionError| of_step(&id, error);
        if id.len() > LONGEST_ID || id.contains('.') || id == "last" {
            return Err(named(ActionError::invalid(
                "an id has at most 64 bytes, no dot, and is not \"last\"",
            )));
        }
        if earlier.iter().any(|step| step.id == id) {
            return Err(named(ActionError::invalid("two steps have this id")));
        }
        let mut reductions = Reductions::default();
        for (name, value) in [
            ("filter", &given.filter),
            ("sort", &given.sort),
            ("group_by", &given.group_by),
            ("count", &given.count),
            ("limit", &given.limit),
        ] {
            reductions.take(name, value).map_err(named)?;
        }
        let when = match &given.when {
            Value::Null => None,
            value => Some(Reference::condition(value).map_err(named)?),
        };
        let references = reference::all_in(given.params.0.get()).map_err(named)?;
        for reference in when.iter().chain(&references) {
            if !earlier.iter().any(|step| step.id == reference.step()) {
                let message =
                    format!("$ref {}: no earlier step is {}", reference.text(), reference.step());
                return Err(named(ActionError::invalid(message)));
            }
        }
        let fields = Fields::read(&given.fields).map_err(named)?;
        let query =
            LeanQuery { fields, reductions, ..LeanQuery::new(given.action.0, ParamsText::none()) };
        Ok(Self { id, when, params: given.params, references, query })
    }

    /// The action's name.
    pub(super) fn action(&self) -> &str {
        &self.query.action
    }

    /// What is asked, before its references are replaced.
    pub(super) fn asked(&self) -> &LeanQuery {
        &self.query
    }

    /// Each use that it makes of an earlier step: whether it is of all that that one gives.
    pub(super) fn uses(&self, step: &str) -> impl Iterator<Item = bool> {
        let condition = self.when.iter().map(|reference| (reference, false));
        let params = self.references.iter().map(|reference| (reference, reference.is_of_all()));
        let of_it = move |(reference, _): &(&Reference, bool)| reference.step() == step;
        condition.chain(params).filter(of_it).map(|(_, is_of_all)| is_of_all)
    }

    /// The query, with the references replaced; none where the step is skipped.
    pub(super) fn query(&self, results: &Results) -> Result<Option<LeanQuery>, ActionError> {
        if self.when.as_ref().is_some_and(|when| !results.holds(when)) {
            return Ok(None);
        }
        let params = reference::replaced(&self.params.0, results)?;
        Ok(Some(LeanQuery { params, ..self.query.clone() }))
    }
}

/// The error with the step's name before it.
pub(super) fn of_step(id: &str, mut error: ActionError) -> ActionError {
    let shown: String = id.chars().take(LONGEST_ID).collect();
    error.message = format!("step {shown}: {}", error.message);
    error
}
