//! `{"$ref": "step1.data.0.id"}`: what an earlier step gave.

use std::collections::HashMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::action::params::ParamsText;
use crate::error::ActionError;
use crate::lean::fields;

/// The member that makes an object a reference.
const REF: &str = "$ref";
/// The longest reference, in bytes.
const LONGEST: usize = 500;

/// A reference to what a step gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    text: String,
}

impl Reference {
    fn read(text: &str) -> Result<Self, ActionError> {
        let wrong = || {
            ActionError::invalid(
                "$ref must be a step's id and a way into its data: step1.data.0.id",
            )
        };
        let (_, way) = text.split_once('.').ok_or_else(wrong)?;
        let is_of_data = way == "data" || way.starts_with("data.");
        let named = text.len() <= LONGEST && text.split('.').all(|name| !name.is_empty());
        if is_of_data && named { Ok(Self { text: text.to_owned() }) } else { Err(wrong()) }
    }

    /// A condition: a reference, as an object or as its text.
    pub(super) fn condition(value: &Value) -> Result<Self, ActionError> {
        match value {
            Value::String(text) => Self::read(text),
            value => {
                of_value(value).unwrap_or_else(|| Err(ActionError::invalid("when must be a $ref")))
            }
        }
    }

    /// As it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The step that it names.
    pub(super) fn step(&self) -> &str {
        self.text.split('.').next().unwrap_or_default()
    }

    /// The way into the step's data; empty for all of it.
    fn way(&self) -> &str {
        let (_, way) = self.text.split_once('.').unwrap_or_default();
        way.strip_prefix("data").unwrap_or_default().trim_start_matches('.')
    }
}

/// What steps gave: none of a step that failed or was skipped.
#[derive(Default)]
pub(super) struct Results(HashMap<String, Option<Value>>);

impl Results {
    /// Keeps what a step gave.
    pub(super) fn keep(&mut self, step: &str, data: Option<Value>) {
        self.0.insert(step.to_owned(), data);
    }

    fn find(&self, reference: &Reference) -> Result<Value, ActionError> {
        let text = reference.text();
        let data = self.0.get(reference.step()).and_then(Option::as_ref).ok_or_else(|| {
            let step = reference.step();
            ActionError::invalid(format!("$ref {text}: step {step} failed or was skipped"))
        })?;
        let found = match reference.way() {
            "" => Some(data.clone()),
            way => fields::find(data, way),
        };
        found.ok_or_else(|| ActionError::invalid(format!("$ref {text}: there is no such value")))
    }

    /// Whether a condition holds: false, null, 0, nothing in it and missing are no.
    pub(super) fn holds(&self, condition: &Reference) -> bool {
        match self.find(condition) {
            Err(_) | Ok(Value::Null) => false,
            Ok(Value::Bool(is)) => is,
            Ok(Value::Number(number)) => number.as_f64() != Some(0.0),
            Ok(Value::String(text)) => !text.is_empty(),
            Ok(Value::Array(items)) => !items.is_empty(),
            Ok(Value::Object(members)) => !members.is_empty(),
        }
    }
}

/// Every reference in a step's parameters.
pub(super) fn all_in(params: &str) -> Result<Vec<Reference>, ActionError> {
    let mut found = Vec::new();
    if params.contains(REF) {
        collect(&value(params)?, &mut found)?;
    }
    Ok(found)
}

/// The parameters with what the references stand for. Without one they stay as they were written.
pub(super) fn replaced(params: &RawValue, results: &Results) -> Result<ParamsText, ActionError> {
    if !params.get().contains(REF) {
        return ParamsText::from_json(params);
    }
    ParamsText::from_value(&with_values(value(params.get())?, results)?)
}

fn value(params: &str) -> Result<Value, ActionError> {
    serde_json::from_str(params).map_err(|error| ActionError::invalid(format!("params: {error}")))
}

/// The reference that a value is, if it is one.
fn of_value(value: &Value) -> Option<Result<Reference, ActionError>> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let reference = members.get(REF)?;
    Some(match reference.as_str() {
        Some(text) => Reference::read(text),
        None => Err(ActionError::invalid("$ref must be a string")),
    })
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

fn with_values(value: Value, results: &Results) -> Result<Value, ActionError> {
    if let Some(reference) = of_value(&value) {
        return results.find(&reference?);
    }
    Ok(match value {
        Value::Object(members) => {
            let of = |(name, member)| Ok((name, with_values(member, results)?));
            Value::Object(members.into_iter().map(of).collect::<Result<Map<_, _>, ActionError>>()?)
        }
        Value::Array(items) => {
            items.into_iter().map(|item| with_values(item, results)).collect::<Result<_, _>>()?
        }
        plain => plain,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn results() -> Results {
        let mut results = Results::default();
        results.keep("a", Some(json!([{"id": 7, "tags": [], "n": 0, "user": {"login": "x"}}])));
        results.keep("b", None);
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
        ] {
            assert_eq!(params(given), Ok(made.into()), "{given}");
        }
        for (given, refusal) in [
            (r#"{"x":{"$ref":5}}"#, "$ref must be a string"),
            (r#"{"x":{"$ref":"a"}}"#, "$ref must be a step's id"),
            (r#"{"x":{"$ref":"a.next"}}"#, "$ref must be a step's id"),
            (r#"{"x":{"$ref":"a.data..x"}}"#, "$ref must be a step's id"),
            (r#"{"x":{"$ref":"a.data.1.id"}}"#, "$ref a.data.1.id: there is no such value"),
            (r#"{"x":{"$ref":"b.data"}}"#, "$ref b.data: step b failed or was skipped"),
        ] {
            let message = params(given).expect_err(given);
            assert!(message.starts_with(refusal), "{given}: {message}");
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
