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
        ("openapi: 3.1.0", "paths is missing: there are no operations"),
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
