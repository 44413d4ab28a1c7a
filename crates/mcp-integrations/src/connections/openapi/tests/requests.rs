//! The requests that operations make.

use http::header::{CONTENT_TYPE, COOKIE};
use mcp_core::ErrorCode;

use super::*;

fn request(document: &Value, given: &Value) -> Result<crate::upstream::Request, ActionError> {
    read(document).operations[0].request("op", &params(given))
}

fn parameter(name: &str, place: &str, more: &Value) -> Value {
    let mut parameter = json!({"name": name, "in": place});
    for (name, value) in more.as_object().into_iter().flatten() {
        parameter[name] = value.clone();
    }
    parameter
}

#[test]
fn values_go_to_their_places() {
    let operation = json!({"parameters": [
        parameter("owner", "path", &json!({})),
        parameter("path", "path", &json!({"x-multi-segment": true})),
        parameter("page", "query", &json!({})),
        parameter("tags", "query", &json!({"explode": false})),
        parameter("filter", "query", &json!({"style": "deepObject", "explode": true})),
        parameter("ids", "query", &json!({"style": "pipeDelimited"})),
        parameter("X-Trace", "header", &json!({})),
        parameter("session", "cookie", &json!({})),
        parameter("owner", "cookie", &json!({})),
    ]});
    let document = of_operation("get", "/repos/{owner}/files/{path}.txt", &operation);
    let given = json!({"owner": "a/b ?#%", "path": "src/ü x", "page": 2, "tags": ["a,b", "c"],
        "filter": {"state": "open"}, "ids": [1, 2], "X-Trace": ["t", 1], "session": "a;b",
        "cookie_owner": "me"});
    let made = request(&document, &given).expect("a request");
    assert_eq!(
        made.url.as_str(),
        "https://shop.example/v1/repos/a%2Fb%20%3F%23%25/files/src/%C3%BC%20x.txt\
         ?page=2&tags=a%2Cb,c&filter%5Bstate%5D=open&ids=1%7C2"
    );
    assert_eq!(made.headers["x-trace"], "t,1");
    assert_eq!(made.headers[COOKIE], "session=a%3Bb; owner=me");
    let given = json!({"owner": "o", "path": "p", "page": null, "session": null});
    let made = request(&document, &given).expect("a request");
    assert_eq!(made.url.as_str(), "https://shop.example/v1/repos/o/files/p.txt");
    assert!(made.headers.is_empty() && made.body.is_empty());
}

#[test]
fn what_makes_no_request_is_refused() {
    let operation = json!({"parameters": [
        parameter("a", "path", &json!({})), parameter("rest", "path", &json!({"x-multi-segment": true})),
        parameter("H", "header", &json!({}))]});
    let document = of_operation("get", "/x/{a}/{b}.{c}/{rest}", &operation);
    let good = json!({"a": "1", "b": "2", "c": "3", "rest": "4"});
    assert!(request(&document, &good).is_ok());
    for (name, value, message) in [
        ("a", Value::Null, "a is required"),
        ("a", json!(""), "a must not be empty"),
        ("a", json!("."), "a must not be \".\" or \"..\""),
        ("a", json!(".."), "a must not be \".\" or \"..\""),
        ("rest", json!("x/../../y"), "rest must not be \".\" or \"..\""),
        ("H", json!("a\r\nB: c"), "H has characters that no header field has"),
        ("z", json!(1), "unknown parameter \"z\": use a, rest, H, b, c"),
    ] {
        let mut given = good.clone();
        given[name] = value.clone();
        let error = request(&document, &given).expect_err("a refusal");
        assert_eq!((error.code, &*error.message), (ErrorCode::InvalidParams, message), "{value}");
    }
    // "%2e%2e" is a text like any other.
    for text in ["%2e%2e", "...", "a..", "x/..\\y"] {
        let mut given = good.clone();
        given["a"] = json!(text);
        let made = request(&document, &given).expect("a request");
        assert_eq!(made.url.path_segments().expect("a path").count(), 5, "{}", made.url);
        assert!(made.url.path().starts_with("/v1/x/"), "{}", made.url);
    }
}

fn body_of(content: &Value, given: &str) -> Result<(String, String), ActionError> {
    let operation = json!({"parameters": [parameter("dry", "query", &json!({}))],
        "requestBody": {"required": true, "content": content}});
    let document = of_operation("post", "/x", &operation);
    let raw = serde_json::value::RawValue::from_string(given.into()).expect("JSON");
    let given = ParamsText::from_json(&raw).expect("an object");
    let made = read(&document).operations[0].request("op", &given)?;
    let kind = made.headers[CONTENT_TYPE].to_str().expect("text").to_owned();
    let body = String::from_utf8_lossy(&made.body).into_owned();
    // A boundary is random.
    Ok(match kind.clone().split_once("boundary=") {
        Some((before, boundary)) => (before.into(), body.replace(boundary, "B")),
        None => (kind, body),
    })
}

#[test]
fn each_kind_of_body_has_its_form() {
    let object = json!({"type": "object", "properties": {"a": {}, "b": {"type": "object"},
        "file": {"type": "string", "format": "binary"},
        "many": {"type": "array", "items": {"type": "string", "format": "binary"}}}});
    let encoding = json!({"b": {"style": "deepObject", "explode": true},
        "a": {"contentType": "text/markdown"}});
    let of = |kind: &str, schema: &Value| {
        let mut content = json!({});
        content[kind] = json!({"schema": schema});
        content
    };
    let form = "application/x-www-form-urlencoded";
    let part = |head: &str, body: &str| {
        format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n")
    };
    for (content, given, kind, body) in [
        (
            of("application/json", &object),
            r#"{"dry":true,"a": 1.0,"b":{"x":12345678901234567890123},"more":null}"#,
            "application/json",
            r#"{"a":1.0,"b":{"x":12345678901234567890123},"more":null}"#.to_owned(),
        ),
        (of("application/json", &object), "{}", "application/json", "{}".into()),
        (
            of("application/merge-patch+json", &object),
            r#"{"a":1}"#,
            "application/merge-patch+json",
            r#"{"a":1}"#.into(),
        ),
        (
            of("application/json", &json!({"type": "array"})),
            r#"{"body":[1, 2]}"#,
            "application/json",
            "[1, 2]".into(),
        ),
        (
            of(form, &object),
            r#"{"a":"x y&z","b":{"k":1},"c":[1,2],"d":null}"#,
            form,
            "a=x%20y%26z&b=%7B%22k%22%3A1%7D&c=1&c=2".into(),
        ),
        (
            json!({form: {"schema": object, "encoding": encoding}}),
            r#"{"a":["x","y"],"b":{"k":[1,2]}}"#,
            form,
            "a=x&a=y&b%5Bk%5D%5B%5D=1&b%5Bk%5D%5B%5D=2".into(),
        ),
        (
            json!({"multipart/form-data": {"schema": object, "encoding": encoding}}),
            r#"{"a":"x","b":{"k":1},"file":"base64:AGE=","many":["plain"],"q\"\r\n":1}"#,
            "multipart/form-data; ",
            [
                part("name=\"a\"\r\nContent-Type: text/markdown", "x"),
                part("name=\"b\"\r\nContent-Type: application/json", r#"{"k":1}"#),
                part(
                    "name=\"file\"; filename=\"file\"\r\nContent-Type: application/octet-stream",
                    "\0a",
                ),
                part(
                    "name=\"many\"; filename=\"many\"\r\nContent-Type: application/octet-stream",
                    "plain",
                ),
                part("name=\"q%22%0D%0A\"", "1"),
                "--B--\r\n".into(),
            ]
            .concat(),
        ),
        (
            of("text/plain", &json!({"type": "string"})),
            r#"{"body":"a\nb"}"#,
            "text/plain",
            "a\nb".into(),
        ),
        (
            of("application/octet-stream", &json!({})),
            r#"{"body":"base64:YWI="}"#,
            "application/octet-stream",
            "ab".into(),
        ),
    ] {
        let made = body_of(&content, given).expect("a request");
        assert_eq!((&*made.0, made.1), (kind, body), "{given}");
    }
    let refusal =
        body_of(&of("image/png", &json!({})), r#"{"body":"base64:?"}"#).expect_err("bytes");
    assert_eq!(refusal.message, "body is not valid base64 after \"base64:\"");
    let refusal = body_of(&of("text/plain", &json!({})), r#"{"text":"x"}"#).expect_err("a name");
    assert_eq!(refusal.message, "unknown parameter \"text\": use dry, body");
}
