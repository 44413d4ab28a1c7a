//! Rules that hold for each action of this crate.

use serde_json::{Value, json};

use super::Rig;
use crate::blobs::TEXT;
use mcp_core::Call;
use mcp_core::action::params::ParamsText;

/// Returns a value with every scalar replaced by the name of its type.
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
async fn every_example_runs_and_every_parameter_is_documented() {
    let rig = Rig::new();
    let task = json!({"title": "Ship v1", "priority": "high"});
    rig.data(json!({"action": "add_task", "params": task})).await;
    let text = "Lorem ipsum ".repeat(100).into_bytes();
    let handle = rig.lean.blobs().keep(TEXT, text).expect("a blob");
    let id = handle["blob"].as_str().expect("an id");
    for name in ["read_blob", "batch"] {
        let registry = rig.dispatcher.registry();
        let action = registry.find(name).expect(name);
        let example = action.doc.example.expect(name);
        assert!(!action.doc.summary.is_empty() && !action.doc.words.is_empty(), "{name}");
        for parameter in &action.parameters {
            assert!(!parameter.description.is_empty(), "{name}.{}", parameter.name);
        }
        let params = example.params.replace("b_04170986233415720851", id);
        let params = serde_json::from_str(&params).expect("JSON");
        let params = ParamsText::from_value(&params).expect("an object");
        let answer = rig.dispatcher.dispatch(Call::new(name, params)).await.expect(name);
        let answer: Value = serde_json::from_str(answer.get()).expect("JSON");
        let promised: Value = serde_json::from_str(example.answer).expect("JSON");
        assert_eq!(shape(&answer), shape(&promised), "{name}");
    }
}
