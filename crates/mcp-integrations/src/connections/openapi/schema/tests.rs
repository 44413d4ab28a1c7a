use super::*;

const LIMITS: Limits = Limits { depth: 6, description: 50 };

fn rewritten(components: &Value, schema: &Value, limits: Limits) -> Value {
    let text = json!({"openapi": "3.0.3", "components": {"schemas": components}}).to_string();
    let document = Document::new(&text).expect("a document");
    Rewriter::new(&document, limits).schema(schema)
}

#[test]
fn keywords_of_openapi_become_those_of_json_schema() {
    for (schema, expected) in [
        (json!(true), json!({})),
        (json!(false), json!({"not": {}})),
        (json!("x"), json!({})),
        (json!({"type": "string", "nullable": true}), json!({"type": ["string", "null"]})),
        (
            json!({"type": ["string", "null"], "nullable": true}),
            json!({"type": ["string", "null"]}),
        ),
        (json!({"type": ["string"]}), json!({"type": "string"})),
        (json!({"type": "file"}), json!({})),
        (
            json!({"type": "string", "enum": ["a"], "nullable": true}),
            json!({"type": ["string", "null"], "enum": ["a", null]}),
        ),
        (
            json!({"oneOf": [{"type": "string"}], "nullable": true}),
            json!({"oneOf": [{"type": "string"}, {"type": "null"}]}),
        ),
        (
            json!({"minimum": 1, "exclusiveMinimum": true, "maximum": 9, "exclusiveMaximum": false}),
            json!({"maximum": 9, "exclusiveMinimum": 1}),
        ),
        (json!({"exclusiveMinimum": 1, "minimum": "x"}), json!({"exclusiveMinimum": 1})),
        (
            json!({"type": "string", "example": "x", "examples": ["x"], "xml": {}, "x-y": 1,
                "externalDocs": {}, "discriminator": {}, "writeOnly": true, "title": "T",
                "format": "date", "default": "d", "deprecated": true, "uniqueItems": false}),
            json!({"type": "string", "default": "d", "format": "date", "deprecated": true}),
        ),
        (
            json!({"properties": {"id": {"readOnly": true}, "a": {}}, "required": ["id", "a"]}),
            json!({"type": "object", "properties": {"a": {}}, "required": ["a"]}),
        ),
        (
            json!({"type": "object", "additionalProperties": true, "required": true}),
            json!({"type": "object"}),
        ),
        (
            json!({"type": "object", "additionalProperties": false}),
            json!({"type": "object", "additionalProperties": false}),
        ),
        (
            json!({"type": "object", "additionalProperties": {"type": "string", "x": 1}}),
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
        ),
        (json!({"enum": "a", "items": [], "properties": []}), json!({"type": "object"})),
        (json!({"default": "x".repeat(3000)}), json!({})),
        (
            json!({"description": format!("a\n\n{}", "b".repeat(60))}),
            json!({"description": format!("a {}…", "b".repeat(48))}),
        ),
    ] {
        assert_eq!(rewritten(&json!({}), &schema, LIMITS), expected, "{schema}");
    }
}

#[test]
fn the_parts_of_all_of_are_one_schema_if_they_agree() {
    let components = json!({"Base": {"type": "object", "properties": {"id": {"type": "integer"}},
        "required": ["id"], "description": "base"}});
    for (schema, expected) in [
        (
            json!({"description": "both", "allOf": [{"$ref": "#/components/schemas/Base"},
                {"properties": {"name": {"type": "string"}, "id": {}}, "required": ["name", "id"]}]}),
            json!({"description": "both", "type": "object",
                "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
                "required": ["id", "name"]}),
        ),
        (
            json!({"allOf": [{"$ref": "#/components/schemas/Base"}], "nullable": true}),
            json!({"type": ["object", "null"], "properties": {"id": {"type": "integer"}},
                "required": ["id"], "description": "base"}),
        ),
        (
            json!({"allOf": [{"type": "string"}, {"type": "integer"}]}),
            json!({"type": "string", "allOf": [{"type": "integer"}]}),
        ),
    ] {
        assert_eq!(rewritten(&components, &schema, LIMITS), expected, "{schema}");
    }
}

#[test]
fn references_are_replaced_and_circles_are_cut() {
    let components = json!({
        "Node": {"type": "object", "properties": {"name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}}},
        "A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"},
        "Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}]},
        "Id": {"type": "integer", "readOnly": true}});
    for (schema, expected) in [
        (
            json!({"$ref": "#/components/schemas/Node", "description": "the root"}),
            json!({"type": "object", "properties": {"name": {"type": "string"},
                "children": {"type": "array", "items": {"type": "object"}}},
                "description": "the root"}),
        ),
        (json!({"$ref": "#/components/schemas/A"}), json!({})),
        (json!({"$ref": "#/components/schemas/Loop"}), json!({})),
        (json!({"$ref": "#/components/schemas/Missing"}), json!({})),
        (json!({"$ref": "other.json#/a", "description": "d"}), json!({"description": "d"})),
        (
            json!({"properties": {"id": {"$ref": "#/components/schemas/Id"}}}),
            json!({"type": "object", "properties": {}}),
        ),
    ] {
        assert_eq!(rewritten(&components, &schema, LIMITS), expected, "{schema}");
    }
}

#[test]
fn depth_and_number_of_schemas_are_bounded() {
    let limits = Limits { depth: 1, description: 0 };
    let schema = json!({"description": "d", "properties": {"a": {"properties": {
        "b": {"type": "string", "enum": ["x"]}}}}});
    let expected = json!({"type": "object", "properties": {"a": {"type": "object", "properties": {
        "b": {"type": "string"}}}}});
    assert_eq!(rewritten(&json!({}), &schema, limits), expected);

    // Each level has two references to the next: 2^30 schemas.
    let mut components = Map::new();
    for level in 0..30 {
        let next = json!({"$ref": format!("#/components/schemas/L{}", level + 1)});
        let schema = json!({"type": "object", "allOf": [{"properties": {"a": next, "b": next}}]});
        components.insert(format!("L{level}"), schema);
    }
    let limits = Limits { depth: 100, description: 0 };
    let components = Value::Object(components);
    let schema = rewritten(&components, &json!({"$ref": "#/components/schemas/L0"}), limits);
    assert!(schema.to_string().len() < 100 * MAX_SCHEMAS);
}
