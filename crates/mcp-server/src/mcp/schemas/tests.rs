use super::*;

fn check(of: Of, cases: &[(Value, Value)]) {
    for (given, wanted) in cases {
        assert_eq!(Value::from(portable(given, of)), *wanted, "{given}");
    }
}

#[test]
fn a_schema_of_arguments_has_one_plain_type() {
    check(
        Of::Arguments,
        &[
            (json!({"type": ["string", "null"]}), json!({"type": "string"})),
            (
                json!({"type": ["integer", "null"], "format": "int64", "minimum": 1}),
                json!({"minimum": 1, "type": "integer"}),
            ),
            (json!({"type": "object"}), json!({"type": "object", "properties": {}})),
            (json!({"type": "string", "pattern": "^\\u0000$"}), json!({"type": "string"})),
            (
                json!({"description": "d", "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]}),
                json!({"items": {"type": "string"}, "type": "array", "description": "d"}),
            ),
            (
                json!({"oneOf": [{"const": "a", "description": "x"}, {"const": "b"}]}),
                json!({"type": "string", "enum": ["a", "b"]}),
            ),
            (
                json!({"description": "d", "anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]}),
                json!({"description": "d", "type": "string", "enum": ["a"]}),
            ),
            (
                json!({"type": ["string", "null"], "enum": ["a", null]}),
                json!({"type": "string", "enum": ["a"]}),
            ),
            (json!({"const": 5}), json!({"type": "integer", "enum": [5]})),
            (
                json!({"properties": {"format": {"type": "string", "format": "uri"}}}),
                json!({"properties": {"format": {"type": "string"}}, "type": "object"}),
            ),
            (
                json!({"description": "d", "type": ["string", "integer"]}),
                json!({"description": "d", "anyOf": [{"type": "string"}, {"type": "integer"}]}),
            ),
        ],
    );
    let any = Value::from(portable(&json!(true), Of::Arguments));
    assert!(any["description"].is_string() && any["anyOf"].is_array(), "{any}");
    assert_eq!(of_arguments(&json!({}))["type"], "object");
}

#[test]
fn a_schema_of_results_says_where_null_may_be() {
    let nullable = |kind: &str| json!({"description": "One of these forms", "anyOf": [{"type": kind}, {"type": "null"}]});
    check(
        Of::Results,
        &[
            (json!({"type": ["string", "null"]}), nullable("string")),
            (json!({"anyOf": [{"type": "string"}, {"type": "null"}]}), nullable("string")),
            (
                json!({"type": "object", "additionalProperties": true}),
                json!({"additionalProperties": true, "type": "object", "properties": {}}),
            ),
        ],
    );
    let any = Value::from(portable(&json!(true), Of::Results));
    assert_eq!(any["anyOf"][5], json!({"type": "array", "items": {}}));
}
