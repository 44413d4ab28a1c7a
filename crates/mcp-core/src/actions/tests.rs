//! What holds for every action of the registry.

use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::action::params::ParamsText;
use crate::dispatch::Redactor;
use crate::memory::in_memory::InMemoryStore;
use crate::{Call, Dispatcher, Registry, SystemClock};

fn dispatcher() -> Dispatcher {
    let registry = Registry::builder().with(super::register).build().expect("a registry");
    let store = InMemoryStore::new(SystemClock::shared(), 1000);
    let (registry, clock) = (Arc::new(registry), SystemClock::shared());
    Dispatcher::new(registry, Arc::new(store), clock, Redactor::new([]))
}

async fn call(dispatcher: &Dispatcher, action: &str, params: &str) -> Result<Value, String> {
    let params = RawValue::from_string(params.into()).expect("JSON");
    let call = Call::new(action, ParamsText::from_json(&params).expect("an object"));
    let answer = dispatcher.dispatch(call).await.map_err(|error| error.message)?;
    Ok(serde_json::from_str(answer.get()).expect("JSON"))
}

/// The shape of a value: what it is, without what it says.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), shape(value))).collect()
        }
        Value::Array(items) => items.first().map(shape).into_iter().collect(),
        Value::Bool(_) => "bool".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "string".into(),
        Value::Null => Value::Null,
    }
}

#[tokio::test]
async fn every_example_runs_and_answers_as_it_says() {
    for index in 0.. {
        let dispatcher = dispatcher();
        let registry = dispatcher.registry();
        let Some(action) = registry.actions().get(index) else {
            break;
        };
        for (name, params) in [
            ("add_user", r#"{"username":"alice"}"#),
            ("add_user", r#"{"username":"bob"}"#),
            ("add_task", r#"{"title":"Ship v1","priority":"high","assigned_to":"alice"}"#),
        ] {
            call(&dispatcher, name, params).await.expect(name);
        }
        let example = action.doc.example.expect("an example");
        let answer = call(&dispatcher, &action.name, example.params).await.expect(&action.name);
        let promised: Value = serde_json::from_str(example.answer).expect("JSON");
        assert_eq!(shape(&answer), shape(&promised), "{}", action.name);
    }
}

#[test]
fn every_parameter_and_action_is_documented() {
    for action in dispatcher().registry().actions() {
        assert!(!action.doc.summary.is_empty() && !action.doc.words.is_empty(), "{}", action.name);
        assert_eq!(action.params_schema["type"], "object", "{}", action.name);
        for parameter in &action.parameters {
            assert!(!parameter.description.is_empty(), "{}.{}", action.name, parameter.name);
            assert!(!parameter.kind.is_empty(), "{}.{}", action.name, parameter.name);
        }
    }
}

#[test]
fn signatures_show_what_must_be_given_and_the_defaults() {
    let dispatcher = dispatcher();
    let registry = dispatcher.registry();
    let signature = |name| &registry.find(name).expect("an action").signature;
    assert_eq!(
        signature("add_task"),
        "add_task(title, description?, priority?=medium, status?=pending, assigned_to?)"
    );
    assert_eq!(signature("list_users"), "list_users()");
    assert_eq!(signature("calculate"), "calculate(operation, numbers?)");
    assert_eq!(signature("update_config"), "update_config(key, value)");
}

#[tokio::test]
async fn a_parameter_that_an_action_does_not_have_is_refused_with_the_signature() {
    let refusal = call(&dispatcher(), "delete_task", r#"{"task_id":1,"force":true}"#).await;
    assert_eq!(
        refusal.expect_err("a refusal"),
        "Unknown parameter: force. Use delete_task(task_id)"
    );
}

#[tokio::test]
async fn integers_are_added_exactly_and_nothing_is_coerced() {
    let dispatcher = dispatcher();
    let sum = |numbers: &str| format!(r#"{{"operation":"sum","numbers":{numbers}}}"#);
    let big = call(&dispatcher, "calculate", &sum("[9007199254740993, 1]")).await;
    assert_eq!(big.expect("a sum")["result"].to_string(), "9007199254740994");
    for (numbers, refusal) in [
        (r#"["1"]"#, "numbers[0] must be a number, not a string"),
        ("[true]", "numbers[0] must be a number, not a boolean"),
        ("[1e400]", "numbers"),
        (r#""12""#, "numbers must be a list, not a string"),
        ("[1e308, 1e308]", "numbers: the result is too large"),
    ] {
        let message = call(&dispatcher, "calculate", &sum(numbers)).await.expect_err(numbers);
        assert!(message.starts_with(refusal), "{numbers}: {message}");
    }
}

#[tokio::test]
async fn a_failed_action_changes_nothing() {
    let dispatcher = dispatcher();
    call(&dispatcher, "add_task", r#"{"title":"a"}"#).await.expect("a task");
    let refusal =
        call(&dispatcher, "update_task", r#"{"task_id":1,"status":"x","title":""}"#).await;
    assert!(refusal.expect_err("a refusal").contains("title"));
    let tasks = call(&dispatcher, "list_tasks", "{}").await.expect("tasks");
    assert_eq!(tasks[0]["status"], "pending");
}
