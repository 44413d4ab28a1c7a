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

/// The maximum length of a step's id, in bytes.
const MAX_ID: usize = 64;

/// The parameters of a step.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepParams {
    /// The step's name in `$ref` and in the answer; no dots.
    id: Text,
    /// The action's name.
    action: Text,
    /// The action's parameters. `{"$ref":"earlier.data.0.id"}` refers to an earlier step's result.
    #[serde(default)]
    params: ObjectText,
    /// The fields to return: names, or `*` for all.
    #[serde(default)]
    #[schemars(with = "Option<Vec<String>>")]
    fields: Value,
    /// A `$ref`: the step is skipped if it is false, null, 0, empty or missing.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    when: Value,
    /// Keeps rows whose fields have these values, or one of a list of values.
    #[serde(default)]
    #[schemars(with = "Option<Map<String, Value>>")]
    filter: Value,
    /// The field to sort by; `-` before it for descending order.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    sort: Value,
    /// Counts the rows for each value of this field.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    group_by: Value,
    /// Counts the rows.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    count: Value,
    /// The maximum number of rows.
    #[serde(default)]
    #[schemars(with = "Option<u64>")]
    limit: Value,
}

/// A step that is ready to run.
pub(super) struct Step {
    pub(super) id: String,
    when: Option<Reference>,
    params: ObjectText,
    /// All references in the parameters.
    references: Vec<Reference>,
    query: LeanQuery,
}

impl Step {
    /// Checks a step. Its references may name the earlier steps.
    pub(super) fn read(params: StepParams, earlier: &[Step]) -> Result<Self, ActionError> {
        let id = params.id.0;
        let named = |error: ActionError| of_step(&id, error);
        if id.len() > MAX_ID || id.contains('.') || id == "last" {
            return Err(named(ActionError::invalid(
                "id must have at most 64 bytes and no dot, and must not be \"last\"",
            )));
        }
        if earlier.iter().any(|step| step.id == id) {
            return Err(named(ActionError::invalid("another step has this id")));
        }
        let mut reductions = Reductions::default();
        for (name, value) in [
            ("filter", &params.filter),
            ("sort", &params.sort),
            ("group_by", &params.group_by),
            ("count", &params.count),
            ("limit", &params.limit),
        ] {
            reductions.set(name, value).map_err(named)?;
        }
        let when = match &params.when {
            Value::Null => None,
            value => Some(Reference::condition(value).map_err(named)?),
        };
        let references = reference::all_in(params.params.0.get()).map_err(named)?;
        for reference in when.iter().chain(&references) {
            if !earlier.iter().any(|step| step.id == reference.step()) {
                let message = format!(
                    "$ref {}: no earlier step has the id {:?}",
                    reference.text(),
                    reference.step()
                );
                return Err(named(ActionError::invalid(message)));
            }
        }
        let fields = Fields::read(&params.fields).map_err(named)?;
        let query =
            LeanQuery { fields, reductions, ..LeanQuery::new(params.action.0, ParamsText::none()) };
        Ok(Self { id, when, params: params.params, references, query })
    }

    pub(super) fn action(&self) -> &str {
        &self.query.action
    }

    /// Returns the query with its references not replaced.
    pub(super) fn original_query(&self) -> &LeanQuery {
        &self.query
    }

    /// Returns for each reference to an earlier step whether it needs all of its result.
    pub(super) fn uses(&self, step: &str) -> impl Iterator<Item = bool> {
        let condition = self.when.iter().map(|reference| (reference, false));
        let params = self.references.iter().map(|reference| (reference, reference.is_of_all()));
        let of_it = move |(reference, _): &(&Reference, bool)| reference.step() == step;
        condition.chain(params).filter(of_it).map(|(_, is_of_all)| is_of_all)
    }

    /// Returns the query with its references replaced; `None` if the condition does not hold.
    pub(super) fn query(&self, results: &Results) -> Result<Option<LeanQuery>, ActionError> {
        if self.when.as_ref().is_some_and(|when| !results.holds(when)) {
            return Ok(None);
        }
        let params = reference::replaced(&self.params.0, results)?;
        Ok(Some(LeanQuery { params, ..self.query.clone() }))
    }
}

/// Puts the id of a step before its error.
pub(super) fn of_step(id: &str, mut error: ActionError) -> ActionError {
    let id: String = id.chars().take(MAX_ID).collect();
    error.message = format!("step {id}: {}", error.message);
    error
}
