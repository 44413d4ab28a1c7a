//! Documents that cannot be used.

use super::*;

#[test]
fn each_wrong_document_has_one_clear_line() {
    for (text, expected) in [
        ("", "the document is empty"),
        ("# nothing", "the document is empty"),
        (
            "{\"openapi\": ",
            "the document is not valid JSON: EOF while parsing a value at line 1 column 12",
        ),
        ("a: [1", "the document is neither JSON nor valid YAML: "),
        ("a: 1\na: 2", "the document is neither JSON nor valid YAML: "),
        ("<html></html>", "the document is not an object"),
        ("[]", "the document is not an object"),
        ("{}", "openapi is missing: the document is not an OpenAPI document"),
        ("swagger: '2.0'", "the document is Swagger 2.0: convert it to OpenAPI 3.0 or 3.1"),
        ("openapi: 4.0.0", "openapi is \"4.0.0\": only versions 3.0 and 3.1 are supported"),
        ("openapi: [3]", "openapi is \"[3]\": only versions 3.0 and 3.1 are supported"),
        ("openapi: 3.1.0", "paths is missing: add the operations of the API"),
        ("{openapi: 3.1.0, paths: []}", "paths is not an object"),
        ("{openapi: 3.1.0, paths: {}}", "the document has no operations"),
        ("{openapi: 3.1.0, paths: {users: {get: {}}}}", "users: a path must start with \"/\""),
        ("{openapi: 3.1.0, paths: {/a: []}}", "/a: the path is not an object"),
        ("{openapi: 3.1.0, paths: {/a: {get: 5}}}", "get /a: the operation is not an object"),
        (
            "{openapi: 3.1.0, paths: {/a: {$ref: '#/components/pathItems/a'}}}",
            "/a: \"#/components/pathItems/a\" is not in the document",
        ),
        ("{openapi: 3.1.0, paths: {/a: {$ref: '#/paths/~1a'}}}", "/a: references lead in a circle"),
        (
            "{openapi: 3.1.0, paths: {/a: {get: {parameters: [{name: x}]}}}}",
            "get /a: parameter 1: in must be path, query, header or cookie, as of \"x\"",
        ),
        (
            "{openapi: 3.1.0, paths: {/a: {get: {parameters: [{in: query, name: x}, {in: body}]}}}}",
            "get /a: parameter 2: name is missing",
        ),
        (
            "{openapi: 3.1.0, paths: {/a: {get: {parameters: [{$ref: 'p.yaml'}]}}}}",
            "get /a: parameter 1: \"p.yaml\" is in another document: bundle all into one document",
        ),
        (
            "{openapi: 3.1.0, paths: {/a: {get: {parameters: [{in: header, name: 'a b'}]}}}}",
            "get /a: parameter 1: \"a b\" is not the name of a header field",
        ),
        (
            "{openapi: 3.1.0, paths: {/a: {post: {requestBody: {}}}}}",
            "post /a: requestBody: content is missing",
        ),
        (
            "{openapi: 3.1.0, paths: {/a: {post: {requestBody: {content: {\"a\\nb\": {}}}}}}}",
            "post /a: requestBody: \"a\\nb\" is not a media type",
        ),
    ] {
        let read = read_at("https://a.example", text, &Additions::default());
        let problem = read.err().unwrap_or_else(|| panic!("{text}"));
        assert!(problem.starts_with(expected), "{text}: {problem}");
        assert!(!problem.contains('\n') && problem.len() < 300, "{problem}");
    }
}

#[test]
fn a_wrong_operation_does_not_harm_the_others() {
    let document = json!({"openapi": "3.1.0", "paths": {
        "/a": {"get": {"parameters": [{}]}, "post": {"operationId": "good"}},
        "/b": 5}});
    let api = read(&document);
    let names: Vec<_> = api.definitions().iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["good"]);
}

/// A document with each part that is read.
fn rich() -> Value {
    let schema = json!({"type": "object", "nullable": true, "required": ["a"], "minimum": 1,
        "exclusiveMinimum": true, "enum": ["x"], "default": 1, "description": "d",
        "properties": {"a": {"$ref": "#/components/schemas/A"}, "b": {"readOnly": true},
            "f": {"type": "array", "items": {"format": "binary"}}},
        "additionalProperties": {"type": "string"}, "allOf": [{"$ref": "#/components/schemas/A"}],
        "oneOf": [{"required": ["a"]}], "not": {}, "prefixItems": [{}]});
    let parameter = json!({"name": "id", "in": "path", "required": true, "style": "label",
        "explode": true, "schema": {"type": "string"}, "description": "d"});
    json!({"openapi": "3.0.3",
        "servers": [{"url": "https://{a}.example", "variables": {"a": {"default": "b", "enum": ["c"]}}}],
        "components": {"schemas": {"A": schema}, "parameters": {"id": parameter},
            "requestBodies": {"B": {"required": true, "content": {"multipart/form-data": {
                "schema": schema, "encoding": {"a": {"style": "form", "contentType": "a/b"}}}}}}},
        "paths": {"/x/{id}": {"parameters": [{"$ref": "#/components/parameters/id"}],
            "post": {"operationId": "add", "summary": "s", "description": "d", "deprecated": true,
                "parameters": [{"name": "q", "in": "query", "content": {"application/json": {}}}],
                "servers": [{"url": "https://two.example"}],
                "requestBody": {"$ref": "#/components/requestBodies/B"}}}}})
}

/// Calls a function with each way to a value.
fn each_pointer(value: &Value, pointer: &str, found: &mut Vec<String>) {
    found.push(pointer.to_owned());
    let mut inner = |name: &str, value: &Value| {
        let name = name.replace('~', "~0").replace('/', "~1");
        each_pointer(value, &format!("{pointer}/{name}"), found);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| inner(name, value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| inner(&index.to_string(), value));
        }
        _ => {}
    }
}

#[test]
fn whatever_a_part_of_a_document_is_reading_it_ends_well() {
    let rich = rich();
    let mut pointers = Vec::new();
    each_pointer(&rich, "", &mut pointers);
    assert!(pointers.len() > 100);
    let (mut read_count, mut problems) = (0, 0);
    for pointer in &pointers {
        for junk in [
            json!(null),
            json!(5),
            json!("a\nb"),
            json!([]),
            json!([[]]),
            json!({}),
            json!(true),
            json!({"$ref": "#"}),
            json!({"$ref": "#/paths"}),
            json!({"$ref": 7}),
        ] {
            let mut document = rich.clone();
            *document.pointer_mut(pointer).expect("a value") = junk;
            let text = document.to_string();
            match read_at("http://127.0.0.1:1", &text, &Additions::default()) {
                Ok(api) => {
                    read_count += 1;
                    let params = &api.definitions()[0].params;
                    assert_eq!(params["type"], "object", "{pointer}");
                    assert!(params["properties"].is_object(), "{pointer}");
                }
                Err(problem) => {
                    problems += 1;
                    assert!(!problem.is_empty() && !problem.contains('\n'), "{pointer}: {problem}");
                }
            }
        }
    }
    assert!(read_count > 500 && problems > 50, "{read_count} {problems}");
}
