//! The definitions of operations.

use super::*;

fn params_of(document: &Value) -> Value {
    read(document).definitions()[0].params.clone()
}

#[test]
fn names_effects_and_descriptions_come_from_the_operation() {
    let document = json!({"openapi": "3.0.3", "paths": {
        "/users/{id}": {
            "summary": "not used",
            "get": {"operationId": "users/get", "summary": "Get a user", "description": "Get a user."},
            "head": {"summary": "Check"},
            "put": {"operationId": "users/get", "summary": "Replace", "description": "All\nof it."},
            "patch": {"operationId": " ", "deprecated": true},
            "delete": {"operationId": "remove", "description": "d".repeat(2000)},
            "post": {},
            "options": {}, "trace": {}, "x-other": {},
        },
        "x-more": {},
    }});
    let api = read(&document);
    let found: Vec<_> = api
        .definitions()
        .iter()
        .map(|it| (&*it.name, it.description.clone(), it.read_only, it.idempotent, it.additive))
        .collect();
    let long = format!("{}…", "d".repeat(1000));
    let expected = [
        ("users/get", "Get a user.", true, true, false),
        ("head /users/{id}", "Check", true, true, false),
        ("put /users/{id}", "Replace. All of it.", false, true, false),
        ("patch /users/{id}", "Deprecated.", false, false, false),
        ("remove", &*long, false, true, false),
        ("post /users/{id}", "", false, false, false),
    ];
    let expected = expected.map(|it| (it.0, it.1.to_owned(), it.2, it.3, it.4));
    assert_eq!(found, expected);
}

#[test]
fn parameters_and_members_of_the_body_are_one_list() {
    let document = json!({"openapi": "3.0.3", "components": {
        "parameters": {"id": {"name": "id", "in": "path", "required": true,
            "description": "The  id", "schema": {"type": "integer", "description": "x"}}},
        "schemas": {"User": {"type": "object", "required": ["name", "created"], "properties": {
            "name": {"type": "string", "nullable": true, "example": "Ann"},
            "created": {"type": "string", "readOnly": true}}}}},
        "paths": {"/users/{id}/{part}": {
            "parameters": [{"$ref": "#/components/parameters/id"},
                {"name": "page", "in": "query", "schema": {"type": "string"}}],
            "post": {"parameters": [
                {"name": "page", "in": "query", "schema": {"type": "integer"}, "deprecated": true},
                {"name": "id", "in": "query", "required": true},
                {"name": "gone", "in": "path"},
                {"name": "Accept", "in": "header"},
                {"name": "filter", "in": "query", "content": {"application/json": {
                    "schema": {"type": "object"}}}}],
                "requestBody": {"content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/User"}}}}}}}});
    assert_eq!(
        params_of(&document),
        json!({"type": "object", "properties": {
            "id": {"type": "integer", "description": "The id"},
            "page": {"type": "integer", "deprecated": true},
            "query_id": {},
            "filter": {"type": "object"},
            "part": {"type": "string"},
            "name": {"type": ["string", "null"]}},
            "required": ["id", "query_id", "part", "name"]})
    );
}

#[test]
fn a_body_that_cannot_be_flattened_is_one_parameter() {
    let object = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let with = |name: &str, value: Value| {
        let mut schema = object.clone();
        schema[name] = value;
        schema
    };
    let json_of = |schema: Value| json!({"application/json": {"schema": schema}});
    for (content, path, properties) in [
        (json_of(object.clone()), "/x", json!({"a": {"type": "string"}})),
        (json_of(object.clone()), "/{a}", json!({"a": {"type": "string"}, "body": object})),
        (
            json_of(with("anyOf", json!([{"required": ["a"]}, {"required": ["b"]}]))),
            "/x",
            json!({"a": {"type": "string"}}),
        ),
        (
            json_of(with("oneOf", json!([{"type": "object"}]))),
            "/x",
            json!({"body": with("oneOf", json!([{"type": "object"}]))}),
        ),
        (
            json_of(json!({"type": "array", "items": {"type": "string"}})),
            "/{body}",
            json!({"body": {"type": "string"},
                "request_body": {"type": "array", "items": {"type": "string"}}}),
        ),
        (json_of(json!({"type": "object"})), "/x", json!({"body": {"type": "object"}})),
        (json!({"application/json": {}}), "/x", json!({"body": {}})),
        (
            json!({"text/plain": {}, "application/xml": {}}),
            "/x",
            json!({"body": {"type": "string", "description": "text/plain: text"}}),
        ),
        (
            json!({"image/*": {}}),
            "/x",
            json!({"body": {"type": "string", "description":
                "application/octet-stream: text, or \"base64:\" and bytes in base64"}}),
        ),
        (
            json!({"text/plain": {}, "multipart/form-data": {"schema": {"properties": {
                "file": {"type": "string", "format": "binary", "description": "The file"}}}}}),
            "/x",
            json!({"file": {"type": "string",
                "description": "The file (text, or \"base64:\" and bytes in base64)"}}),
        ),
        (json!({}), "/x", json!({})),
    ] {
        let operation = json!({"requestBody": {"content": content}});
        let document = of_operation("post", path, &operation);
        assert_eq!(params_of(&document)["properties"], properties, "{content}");
    }
}

#[test]
fn only_the_document_forbids_and_requires_members() {
    let body = |required: Value, schema: Value| {
        let mut body = json!({"content": {"application/json": {"schema": schema}}});
        body["required"] = required;
        params_of(&of_operation("post", "/x", &json!({"requestBody": body})))
    };
    let schema = |closed: Value| {
        json!({"type": "object", "required": ["a"], "properties": {"a": {}},
            "additionalProperties": closed})
    };
    let open = json!({"type": "object", "properties": {"a": {}}, "required": ["a"]});
    assert_eq!(body(Value::Null, schema(json!(true))), open);
    assert_eq!(body(json!(true), schema(json!({"type": "string"}))), open);
    assert_eq!(body(json!(false), schema(json!(true)))["required"], Value::Null);
    assert_eq!(body(json!(true), schema(json!(false)))["additionalProperties"], json!(false));
    assert_eq!(body(json!(true), json!({"type": "string"}))["required"], json!(["body"]));
}

#[test]
fn a_large_definition_is_shown_with_less_depth() {
    let leaf = json!({"type": "string", "description": "d".repeat(250)});
    let leaves: serde_json::Map<String, Value> =
        (0..40).map(|number| (format!("leaf{number}"), leaf.clone())).collect();
    let branch = json!({"type": "object", "description": "a branch", "properties": leaves});
    let schema = json!({"type": "object", "properties": {"a": branch, "b": branch}});
    let body = json!({"content": {"application/json": {"schema": schema}}});
    let shown = params_of(&of_operation("put", "/x", &json!({"requestBody": body})));
    let size = shown.to_string().len();
    assert!((4000..=16 << 10).contains(&size), "{size}");
    assert_eq!(shown["properties"]["b"]["description"], "a branch");
    assert_eq!(shown["properties"]["b"]["properties"]["leaf39"]["type"], "string");
}
