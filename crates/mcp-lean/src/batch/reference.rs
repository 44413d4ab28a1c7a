//! `{"$ref": "step1.data.0.id"}`: a reference to the result of an earlier step.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::{fields, reduce};
use mcp_core::action::params::ParamsText;
use mcp_core::error::ActionError;
use mcp_core::json::RawObject;

/// The member that makes an object a reference.
const REF: &str = "$ref";
/// The maximum length of a reference, in bytes.
const MAX_LENGTH: usize = 500;
/// About how many bytes the values of the references in a step's parameters may have in all: as many as a
/// request's body.
const MAX_REPLACED: usize = 2 << 20;

/// A reference to the result of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    text: String,
}

impl Reference {
    fn read(text: &str) -> Result<Self, ActionError> {
        let wrong = || {
            ActionError::invalid(
                "$ref must be a step's id and a path into its data, as in step1.data.0.id",
            )
        };
        let (_, path) = text.split_once('.').ok_or_else(wrong)?;
        let is_of_data = path == "data" || path.starts_with("data.");
        let named = text.len() <= MAX_LENGTH && text.split('.').all(|name| !name.is_empty());
        if is_of_data && named { Ok(Self { text: text.to_owned() }) } else { Err(wrong()) }
    }

    /// Parses a condition: a reference, as an object or as its text.
    pub(super) fn condition(value: &Value) -> Result<Self, ActionError> {
        match value {
            Value::String(text) => Self::read(text),
            value => {
                of_value(value).unwrap_or_else(|| Err(ActionError::invalid("when must be a $ref")))
            }
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the id of its step.
    pub(super) fn step(&self) -> &str {
        self.text.split('.').next().unwrap_or_default()
    }

    /// Returns the path into the step's data; empty for all of it.
    fn path(&self) -> &str {
        let (_, path) = self.text.split_once('.').unwrap_or_default();
        path.strip_prefix("data").unwrap_or_default().trim_start_matches('.')
    }

    /// Returns whether it refers to a whole list, not to one of its first rows.
    pub(super) fn is_of_all(&self) -> bool {
        self.path().split('.').next().is_none_or(|name| name.parse::<usize>().is_err())
    }
}

/// The data of the steps that ran; `None` for a step that failed or was skipped.
#[derive(Default)]
pub(super) struct Results(HashMap<String, Option<StepData>>);

/// The data of a step.
pub(super) struct StepData {
    pub(super) value: Value,
    /// Whether it is a list with rows that were not read.
    pub(super) has_more: bool,
}

impl Results {
    pub(super) fn keep(&mut self, step: &str, data: Option<StepData>) {
        self.0.insert(step.to_owned(), data);
    }

    fn step(&self, reference: &Reference) -> Result<&StepData, ActionError> {
        self.0.get(reference.step()).and_then(Option::as_ref).ok_or_else(|| {
            let (text, step) = (reference.text(), reference.step());
            ActionError::invalid(format!("$ref {text}: step {step} failed or was skipped"))
        })
    }

    fn find(&self, reference: &Reference) -> Result<Cow<'_, Value>, ActionError> {
        let StepData { value, .. } = self.step(reference)?;
        let found = match reference.path() {
            "" => Some(Cow::Borrowed(value)),
            path => fields::find(value, path),
        };
        let text = reference.text();
        found.ok_or_else(|| {
            ActionError::invalid(format!("$ref {text}: the step's data has no such value"))
        })
    }

    /// Returns the value of a reference in parameters, and takes its bytes from those that are left.
    fn value(&self, reference: &Reference, left: &mut usize) -> Result<Value, ActionError> {
        let (text, step) = (reference.text(), reference.step());
        if reference.is_of_all() && self.step(reference)?.has_more {
            return Err(ActionError::invalid(format!(
                "$ref {text}: the list of step {step} is too long to refer to: use a limit, a filter or \
                 params in that step"
            )));
        }
        let found = self.find(reference)?;
        *left = left.checked_sub(reduce::size(&found)).ok_or_else(|| {
            ActionError::invalid(format!(
                "$ref {text}: the values of the references have over {MAX_REPLACED} bytes"
            ))
        })?;
        Ok(found.into_owned())
    }

    /// Returns whether a condition holds. It does not if it is false, null, 0, empty or missing.
    pub(super) fn holds(&self, condition: &Reference) -> bool {
        match self.find(condition).as_deref() {
            Err(_) | Ok(Value::Null) => false,
            Ok(Value::Bool(is)) => *is,
            Ok(Value::Number(number)) => number.as_f64() != Some(0.0),
            Ok(Value::String(text)) => !text.is_empty(),
            Ok(Value::Array(items)) => !items.is_empty(),
            Ok(Value::Object(members)) => !members.is_empty(),
        }
    }
}

/// Returns all references in parameters.
pub(super) fn all_in(params: &str) -> Result<Vec<Reference>, ActionError> {
    let mut found = Vec::new();
    if params.contains(REF) {
        collect(&value(params)?, &mut found)?;
    }
    Ok(found)
}

/// Returns parameters with the values of their references. Everything else stays byte for byte.
pub(super) fn replaced(params: &RawValue, results: &Results) -> Result<ParamsText, ActionError> {
    let mut left = MAX_REPLACED;
    match with_values(params, results, &mut left)? {
        Some(text) => {
            ParamsText::from_json(&RawValue::from_string(text).map_err(ActionError::internal)?)
        }
        None => ParamsText::from_json(params),
    }
}

fn value(params: &str) -> Result<Value, ActionError> {
    serde_json::from_str(params).map_err(|error| ActionError::invalid(format!("params: {error}")))
}

/// Parses a value as a reference; `None` if it is another value.
fn of_value(value: &Value) -> Option<Result<Reference, ActionError>> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    Some(named_by(members.get(REF)?))
}

fn named_by(reference: &Value) -> Result<Reference, ActionError> {
    let text = reference.as_str().ok_or_else(|| ActionError::invalid("$ref must be a string"))?;
    Reference::read(text)
}

fn collect(value: &Value, found: &mut Vec<Reference>) -> Result<(), ActionError> {
    if let Some(reference) = of_value(value) {
        found.push(reference?);
        return Ok(());
    }
    match value {
        Value::Object(members) => members.values().try_for_each(|member| collect(member, found)),
        Value::Array(items) => items.iter().try_for_each(|item| collect(item, found)),
        _ => Ok(()),
    }
}

/// Returns JSON with the values of its references; `None` if it has none.
fn with_values(
    json: &RawValue,
    results: &Results,
    left: &mut usize,
) -> Result<Option<String>, ActionError> {
    if !json.get().contains(REF) {
        return Ok(None);
    }
    let mut is_changed = false;
    let mut part = |json: &RawValue| {
        let new = with_values(json, results, left)?;
        is_changed |= new.is_some();
        Ok::<_, ActionError>(new.unwrap_or_else(|| json.get().to_owned()))
    };
    let text = match json.get().as_bytes().first() {
        Some(b'{') => {
            let object = RawObject::parse(json.get()).map_err(ActionError::internal)?;
            if let [(name, reference)] = object.members.as_slice()
                && name == REF
            {
                let reference = named_by(&value(reference.get())?)?;
                return mcp_core::json::text(&results.value(&reference, left)?).map(Some);
            }
            let members = object.members.iter().map(|(name, value)| {
                Ok(format!("{}:{}", Value::from(name.as_ref()), part(value)?))
            });
            format!("{{{}}}", members.collect::<Result<Vec<_>, ActionError>>()?.join(","))
        }
        Some(b'[') => {
            let items: Vec<&RawValue> =
                serde_json::from_str(json.get()).map_err(ActionError::internal)?;
            let items = items.into_iter().map(part).collect::<Result<Vec<_>, _>>()?;
            format!("[{}]", items.join(","))
        }
        _ => return Ok(None),
    };
    Ok(is_changed.then_some(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn results() -> Results {
        let mut results = Results::default();
        let data = json!([{"id": 7, "tags": [], "n": 0, "user": {"login": "x"}}]);
        results.keep("a", Some(StepData { value: data, has_more: false }));
        results.keep("b", None);
        results.keep("cut", Some(StepData { value: json!([{"id": 7}]), has_more: true }));
        results
    }

    fn params(text: &str) -> Result<String, String> {
        let raw = RawValue::from_string(text.into()).expect("JSON");
        let replaced = all_in(text).and_then(|_| replaced(&raw, &results()));
        replaced.map(|params| params.get().to_owned()).map_err(|error| error.message)
    }

    #[test]
    fn references_are_replaced_at_any_depth_and_nothing_else_is_touched() {
        for (given, made) in [
            (r#"{"id":{"$ref":"a.data.0.id"}}"#, r#"{"id":7}"#),
            (r#"{"x":[{"y":{"$ref":"a.data.0.user.login"}}]}"#, r#"{"x":[{"y":"x"}]}"#),
            (r#"{"ids":{"$ref":"a.data.id"}}"#, r#"{"ids":[7]}"#),
            (r#"{"n": 12345678901234567890123}"#, r#"{"n": 12345678901234567890123}"#),
            (r#"{"x":{"$ref":"a.data.0","y":1}}"#, r#"{"x":{"$ref":"a.data.0","y":1}}"#),
            (r#"{"x":{"$ref":"cut.data.0.id"}}"#, r#"{"x":7}"#),
            (
                r#"{"n": 12345678901234567890123,"x":[1.10,{"$ref":"a.data.0.id"}],"y": {"z":1.0}}"#,
                r#"{"n":12345678901234567890123,"x":[1.10,7],"y":{"z":1.0}}"#,
            ),
        ] {
            assert_eq!(params(given), Ok(made.into()), "{given}");
        }
        for (given, refusal) in [
            (r#"{"x":{"$ref":5}}"#, "$ref must be a string"),
            (r#"{"x":{"$ref":"a"}}"#, "$ref must be a step's id"),
            (r#"{"x":{"$ref":"a.next"}}"#, "$ref must be a step's id"),
            (r#"{"x":{"$ref":"a.data..x"}}"#, "$ref must be a step's id"),
            (
                r#"{"x":{"$ref":"a.data.1.id"}}"#,
                "$ref a.data.1.id: the step's data has no such value",
            ),
            (r#"{"x":{"$ref":"b.data"}}"#, "$ref b.data: step b failed or was skipped"),
            (r#"{"x":{"$ref":"cut.data"}}"#, "$ref cut.data: the list of step cut is too long"),
            (r#"{"x":{"$ref":"cut.data.id"}}"#, "$ref cut.data.id: the list of step cut is too"),
        ] {
            let message = params(given).expect_err(given);
            assert!(message.starts_with(refusal), "{given}: {message}");
        }
    }

    #[test]
    fn what_references_stand_for_is_bounded_all_of_it_together() {
        let mut results = Results::default();
        let data = json!("x".repeat(MAX_REPLACED / 4));
        results.keep("a", Some(StepData { value: data, has_more: false }));
        for (times, fits) in [(1, true), (3, true), (4, false), (1000, false)] {
            let params = json!({"x": vec![json!({"$ref": "a.data"}); times]}).to_string();
            let params = RawValue::from_string(params).expect("JSON");
            assert_eq!(replaced(&params, &results).is_ok(), fits, "{times}");
        }
    }

    #[test]
    fn nothing_is_no_condition() {
        for (text, holds) in [
            ("a.data", true),
            ("a.data.0.id", true),
            ("a.data.0.n", false),
            ("a.data.0.tags", false),
            ("a.data.1", false),
            ("b.data", false),
        ] {
            let condition = Reference::condition(&json!({"$ref": text})).expect(text);
            assert_eq!(results().holds(&condition), holds, "{text}");
            assert_eq!(Reference::condition(&json!(text)).expect(text), condition);
        }
        for wrong in [json!(true), json!("x"), json!({"$ref": 5}), json!({}), json!(["a.data"])] {
            assert!(Reference::condition(&wrong).is_err(), "{wrong}");
        }
    }
}
