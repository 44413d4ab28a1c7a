//! Generated values for the tests.

use proptest::prelude::*;
use serde_json::{Map, Number, Value};

/// Texts that formats stumble over, and any others.
pub(super) fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            " ",
            "null",
            "true",
            "1",
            "-0",
            "1e5",
            "05",
            "a,b",
            "a;b",
            "a\"b",
            "\"",
            "a\nb",
            "\r",
            "- x",
            "[1]",
            "[]",
            "{}",
            "{\"a\":1}",
            "# next: x",
            "#",
            ":",
            "a: b",
            "\u{feff}x",
            "\t",
            "x ",
            "漢字",
            "\\",
            "value",
            ";",
            ",",
        ])
        .prop_map(ToOwned::to_owned),
        any::<String>(),
        "[a-z0-9 ,;:\"#\\n-]{0,12}",
    ]
}

/// Numbers that a double holds exactly, and whole ones beyond that.
fn any_number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        (-1000_i64..1000).prop_map(Number::from),
        any::<f64>().prop_filter_map("a number", Number::from_f64),
    ]
}

fn any_plain() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any_number().prop_map(Value::Number),
        any_text().prop_map(Value::String),
    ]
}

/// Any JSON, three levels deep.
pub(super) fn any_json() -> impl Strategy<Value = Value> {
    any_plain().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            any_object(inner).prop_map(Value::Object),
        ]
    })
}

fn any_object(of: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((prop_oneof!["[a-c]", any_text()], of), 0..4)
        .prop_map(|members| members.into_iter().collect())
}

/// Rows as lists have them: objects with about the same members.
pub(super) fn any_rows() -> impl Strategy<Value = Vec<Value>> {
    let row = (any_plain(), any_plain(), any_json())
        .prop_map(|(a, b, c)| serde_json::json!({"a": a, "b": b, "c": c}));
    prop_oneof![
        prop::collection::vec(row, 0..8),
        prop::collection::vec(any_plain(), 0..8),
        prop::collection::vec(any_json(), 0..6),
    ]
}
