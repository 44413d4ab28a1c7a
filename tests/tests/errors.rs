//! Errors: they are always JSON, and always name the fault.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Value, json};
use service_tests::{Response, TestServer};

/// Starts a server whose integrations cannot reach another system.
fn server() -> TestServer {
    TestServer::with([
        ("MCP_FIGMA_TOKEN", "figma-token"),
        ("MCP_FIGMA_API_URL", "http://127.0.0.1:1"),
        ("MCP_GITHUB_API_URL", "http://127.0.0.1:1"),
    ])
    .start()
}

/// An action of the API document.
struct DocumentedAction {
    name: String,
    /// Valid parameters.
    params: Value,
    /// Each parameter with its schema.
    parameters: Vec<(String, Validator)>,
    required: BTreeSet<String>,
}

/// Returns every action of the API document.
fn actions(server: &TestServer) -> Vec<DocumentedAction> {
    let document = server.get("/openapi.json").json();
    let schemas = &document["components"]["schemas"];
    let body = &document["paths"]["/api/v1/query"]["post"]["requestBody"];
    let examples = body["content"]["application/json"]["examples"].as_object().expect("examples");
    let mapping = &schemas["Call"]["discriminator"]["mapping"];
    let found = examples.values().map(|example| {
        let name = example["value"]["action"].as_str().expect("a name");
        let call = mapping[name].as_str().and_then(|it| it.rsplit('/').next()).expect("a schema");
        let params = &schemas[call.replace("Call", "Params")];
        let properties = params["properties"].as_object().into_iter().flatten();
        let parameters = properties.map(|(name, schema)| {
            (name.clone(), jsonschema::draft202012::new(schema).expect("a schema"))
        });
        let required = params["required"].as_array().into_iter().flatten();
        DocumentedAction {
            name: name.to_owned(),
            params: example["value"]["params"].clone(),
            parameters: parameters.collect(),
            required: required.filter_map(|it| it.as_str().map(Into::into)).collect(),
        }
    });
    let found: Vec<_> = found.collect();
    assert!(found.len() >= 25, "{}", found.len());
    found
}

/// Returns values of every type, and some beyond the limits of parameters.
fn values() -> Vec<Value> {
    let long = "x".repeat(10_000);
    vec![
        json!(true),
        json!(-1),
        json!(0),
        json!(5),
        json!(1.5),
        json!(1_000_000_000_000_u64),
        json!(-1e300),
        json!(""),
        json!("text"),
        json!("5"),
        json!("true"),
        json!("../../etc/passwd"),
        json!("a\u{0}b"),
        json!(long),
        json!([]),
        json!([[]]),
        json!(["x", 5]),
        json!({}),
        json!({ "inner": "x" }),
    ]
}

fn post(server: &TestServer, body: impl AsRef<[u8]>) -> Response {
    server.post("/api/v1/query").json_text(body).send()
}

#[test]
fn a_value_that_the_schema_of_a_parameter_does_not_allow_is_refused_by_its_name() {
    let server = server();
    let mut tried = 0;
    for action in actions(&server) {
        for (parameter, schema) in &action.parameters {
            for value in values().into_iter().filter(|value| !schema.is_valid(value)) {
                let mut params = action.params.clone();
                params[parameter] = value.clone();
                let short: String = value.to_string().chars().take(40).collect();
                let label = format!("{} {parameter}={short}", action.name);
                let answer = server.call(&action.name, params);
                assert_eq!(answer.status, 400, "{label}: {}", answer.text());
                let refusal = answer.refusal(400);
                assert!(refusal.contains(parameter), "{label}: {refusal}");
                assert!(refusal.len() < 500, "{label}: {refusal}");
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "{tried}");
    assert_eq!(server.data("list_users", json!({})), json!([]));
    assert_eq!(server.data("list_tasks", json!({})), json!([]));
}

#[test]
fn a_required_parameter_that_is_missing_or_null_is_refused_by_its_name() {
    let server = server();
    for action in actions(&server) {
        for parameter in &action.required {
            let mut without = action.params.clone();
            without.as_object_mut().expect("an object").remove(parameter);
            let mut null = action.params.clone();
            null[parameter] = Value::Null;
            let is_nullable = action.name == "update_config" && parameter == "value";
            for params in [Some(without), (!is_nullable).then_some(null)].into_iter().flatten() {
                let refusal = server.refusal(&action.name, params.clone());
                assert!(refusal.contains(parameter), "{} {params}: {refusal}", action.name);
            }
        }
    }
}

#[test]
fn an_action_that_there_is_not_is_named_and_a_long_name_is_cut() {
    let server = TestServer::start();
    for name in ["nope", "", "ADD_TASK", "add_task ", "漢字", "'; --"] {
        assert_eq!(server.refusal(name, json!({})), format!("Unknown action: {name}"));
    }
    let refusal = server.refusal(&"x".repeat(100_000), json!({}));
    assert!(refusal.starts_with("Unknown action: xxx") && refusal.len() < 500, "{refusal}");
}

#[test]
fn a_body_of_another_form_is_422_and_says_what_is_wrong() {
    let server = TestServer::start();
    let cases: [(&[u8], &str); 22] = [
        (b"", "empty"),
        (b"   ", "empty"),
        (b"not json", "JSON"),
        (b"{", "JSON"),
        (b"[1]", "object"),
        (b"5", "object"),
        (b"null", "object"),
        (br#""list_users""#, "object"),
        (b"{}", "action is required"),
        (br#"{"params":{}}"#, "action is required"),
        (br#"{"action":null}"#, "action must be a string"),
        (br#"{"action":5}"#, "action must be a string"),
        (br#"{"action":["list_users"]}"#, "action must be a string"),
        (br#"{"action":"list_users","params":[]}"#, "params must be an object"),
        (br#"{"action":"list_users","params":"{}"}"#, "params must be an object"),
        (br#"{"action":"list_users","params":5}"#, "params must be an object"),
        (br#"{"action":"list_users","params":false}"#, "params must be an object"),
        (br#"{"action":"list_users"} x"#, "JSON"),
        (br#"{"action":"list_users",}"#, "JSON"),
        (br#"{"action":"list_users","params":{"x":NaN}}"#, "JSON"),
        (br#"{"action":"list_users","params":{'x':1}}"#, "JSON"),
        // Only one byte order mark, at the start, is skipped.
        (b"\xef\xbb\xbf\xef\xbb\xbf{\"action\":\"list_users\"}", "JSON"),
    ];
    for (body, wanted) in cases {
        let refusal = post(&server, body).refusal(422);
        assert!(refusal.contains(wanted), "{}: {refusal}", String::from_utf8_lossy(body));
    }
    assert_eq!(server.get("/api/v1/logs").data(), json!([]));
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let server = TestServer::start();
    for broken in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf8\x88\x80\x80\x80"] {
        let mut body = br#"{"action":"add_user","params":{"username":"a"#.to_vec();
        body.extend(broken);
        body.extend(br#""}}"#);
        let refusal = post(&server, body).refusal(422);
        assert!(refusal.contains("UTF-8"), "{broken:?}: {refusal}");
    }
    assert_eq!(server.data("list_users", json!({})), json!([]));
}

#[test]
fn half_of_a_surrogate_pair_is_refused_wherever_it_stands() {
    let server = TestServer::start();
    for half in ["\\ud800", "\\udfff", "\\uD83E", "\\udd80\\ud83e", "\\ud83e\\u0041"] {
        for body in [
            format!(r#"{{"action":"{half}"}}"#),
            format!(r#"{{"action":"add_user","params":{{"username":"a{half}"}}}}"#),
            format!(r#"{{"action":"add_user","params":{{"{half}":1,"username":"a"}}}}"#),
            format!(r#"{{"action":"update_config","params":{{"key":"k","value":["{half}"]}}}}"#),
        ] {
            let refusal = post(&server, &body).refusal(422);
            assert!(refusal.contains("surrogate"), "{body}: {refusal}");
        }
    }
    assert_eq!(server.data("get_config", json!({ "key": "k" })), json!({ "k": null }));
}

#[test]
fn deep_nesting_is_refused_and_does_not_end_the_server() {
    let server = TestServer::start();
    let body = |depth: usize, open: &str, close: &str| {
        let (open, close) = (open.repeat(depth), close.repeat(depth));
        format!(r#"{{"action":"update_config","params":{{"key":"k","value":{open}{close}}}}}"#)
    };
    for depth in [127, 1000, 200_000] {
        for (open, close) in [("[", "]"), ("[", ""), (r#"{"a":"#, "1}")] {
            let refusal = post(&server, body(depth, open, close)).refusal(422);
            assert!(refusal.contains("128") || refusal.contains("JSON"), "{depth}: {refusal}");
        }
    }
    assert_eq!(post(&server, body(126, "[", "]")).status, 200);
    assert_eq!(post(&server, r#"{"action":"get_config"}"#).status, 200);
    assert_eq!(server.get("/api/v1/logs").status, 200);
    assert_eq!(server.get("/api/v1/state").status, 200);
}

#[test]
fn numbers_beyond_what_a_parameter_holds_are_refused_by_its_name() {
    let server = TestServer::start();
    let huge = "9".repeat(5000);
    for number in ["9223372036854775808", "-9223372036854775809", "1e30", "1E400", "1.5", &huge] {
        let body = format!(r#"{{"action":"delete_task","params":{{"task_id":{number}}}}}"#);
        let refusal = post(&server, body).refusal(400);
        assert!(refusal.contains("task_id") && refusal.len() < 200, "{number}: {refusal}");
    }
}

#[test]
fn what_is_given_twice_is_refused_by_its_name() {
    let server = TestServer::start();
    for (body, status, name) in [
        (r#"{"action":"list_users","action":"list_tasks"}"#, 422, "action"),
        (r#"{"action":"list_users","\u0061ction":"list_tasks"}"#, 422, "action"),
        (r#"{"action":"list_users","params":{},"params":{}}"#, 422, "params"),
        (r#"{"action":"add_user","params":{"username":"a","username":"b"}}"#, 400, "username"),
        (r#"{"action":"add_user","params":{"username":"a","user\u006eame":"b"}}"#, 400, "username"),
        (r#"{"action":"delete_task","params":{"task_id":1,"task_id":2}}"#, 400, "task_id"),
    ] {
        let refusal = post(&server, body).refusal(status);
        assert_eq!(refusal, format!("{name} is given twice"), "{body}");
    }
    assert_eq!(server.data("list_users", json!({})), json!([]));
}

#[test]
fn a_body_that_says_that_it_is_not_json_is_refused() {
    let server = TestServer::start();
    let body = br#"{"action":"list_users"}"#;
    let send = |kind: &str| {
        server.post("/api/v1/query").header("Content-Type", kind).body(&body[..]).send()
    };
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/xml",
        "",
        "json",
    ] {
        let refusal = send(kind).refusal(422);
        assert!(refusal.contains("Content-Type"), "{kind}: {refusal}");
    }
    for kind in [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=\"utf-8\"",
        "application/problem+json",
    ] {
        assert_eq!(send(kind).status, 200, "{kind}");
    }
    let without = server.post("/api/v1/query").body(&body[..]).send();
    assert_eq!(without.status, 200);
}

#[test]
fn a_body_that_breaks_off_changes_nothing() {
    let server = TestServer::start();
    let mut connection = server.connect();
    let whole = json!({ "action": "add_user", "params": { "username": "a" } });
    let bytes = server.post("/api/v1/query").json(&whole).bytes();
    connection.send(&bytes[..bytes.len() - 1]);
    drop(connection);
    assert_eq!(server.data("list_users", json!({})), json!([]));
}

#[test]
fn a_request_that_is_no_http_is_400_and_the_end_of_its_connection() {
    let server = TestServer::start();
    let host = format!("Host: {}\r\n", server.address());
    for head in [
        "NONSENSE\r\n\r\n".into(),
        format!("GET / HTTP/9.9\r\n{host}\r\n"),
        format!("GET /\u{7f} HTTP/1.1\r\n{host}\r\n"),
        format!("GET / HTTP/1.1\r\n{host}bad header: x\r\n\r\n"),
        format!("POST /api/v1/query HTTP/1.1\r\n{host}Content-Length: -1\r\n\r\n"),
        format!(
            "POST /api/v1/query HTTP/1.1\r\n{host}Content-Length: 1\r\nContent-Length: 2\r\n\r\n"
        ),
        format!(
            "POST /api/v1/query HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
        ),
    ] {
        let mut connection = server.connect();
        connection.send(head.as_bytes());
        let answer = connection.response().expect(&head);
        assert_eq!(answer.status, 400, "{head}");
        assert!(connection.is_ended(), "{head}");
    }
    assert_eq!(server.get("/live").status, 200);
}

#[test]
fn no_refusal_speaks_of_the_servers_inside() {
    let server = server();
    let mut responses = Vec::new();
    for action in actions(&server) {
        for (parameter, _) in &action.parameters {
            for value in [json!([[{}]]), json!("\u{0}"), json!(-1.5)] {
                let mut params = action.params.clone();
                params[parameter] = value;
                if action.name.starts_with("playwright") || action.name.starts_with("github") {
                    continue;
                }
                responses.push(server.call(&action.name, params).text().to_owned());
            }
        }
    }
    for body in ["{", "[", r#"{"action":1}"#, r#"{"action":"x","params":1}"#] {
        responses.push(post(&server, body).text().to_owned());
    }
    for text in responses {
        let lower = text.to_lowercase();
        for inside in
            ["serde", "sqlite", "diesel", "actix", "panicked", "rawvalue", "struct ", ".rs:"]
        {
            assert!(!lower.contains(inside), "{inside}: {text}");
        }
    }
}
