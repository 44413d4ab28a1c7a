//! The API documents: `/openapi.json`, its two pages, and the checked-in copies.

use std::collections::BTreeSet;

use mcp_server::config::{Settings, Sources};
use mcp_server::{documents, service};
use serde_json::{Value, json};
use service_tests::{TestServer, repository};

/// Returns the document that the server serves.
fn document(server: &TestServer) -> Value {
    server.get("/openapi.json").json()
}

/// Returns a validator for one of the document's schemas.
fn validator(document: &Value, schema: &str) -> jsonschema::Validator {
    let whole = json!({
        "$ref": format!("#/components/schemas/{schema}"),
        "components": document["components"],
    });
    jsonschema::draft202012::new(&whole).expect("a schema")
}

/// Returns every operation with its path and method.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods").iter();
            methods.map(|(method, operation)| (path.clone(), method.clone(), operation))
        })
        .collect()
}

/// Returns the names of all actions.
fn actions(document: &Value) -> Vec<String> {
    let mapping = &document["components"]["schemas"]["Call"]["discriminator"]["mapping"];
    mapping.as_object().expect("actions").keys().cloned().collect()
}

/// Converts `add_task` to `AddTask`.
fn type_name(action: &str) -> String {
    let words = action.split('_');
    words.map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

/// Calls `visit` with every value in a document and its path.
fn walk(value: &Value, way: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(way, value);
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                walk(member, &format!("{way}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                walk(item, &format!("{way}/{number}"), visit);
            }
        }
        _ => {}
    }
}

#[test]
fn the_document_is_openapi_3_1_and_needs_no_key() {
    let server = TestServer::with([("MCP_API_KEY", "k-12345")]).start();
    let document = document(&server);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "MCP Server");
    let version = server.get("/").json()["version"].clone();
    assert_eq!(document["info"]["version"], version);
}

#[test]
fn every_route_that_is_served_is_described() {
    let server = TestServer::start();
    let document = document(&server);
    let described: Vec<String> = operations(&document)
        .into_iter()
        .map(|(path, method, _)| format!("{method} {path}"))
        .collect();
    let wanted = [
        "get /",
        "get /api/v1/logs",
        "post /api/v1/query",
        "post /api/v1/reset",
        "get /api/v1/state",
        "post /api/v2/batch",
        "get /api/v2/blobs/{id}",
        "post /api/v2/query",
        "get /api/v2/status",
        "get /live",
        "get /mcp/logs",
        "post /mcp/query",
        "post /mcp/reset",
        "get /mcp/state",
        "get /ready",
    ];
    for route in wanted {
        assert!(described.iter().any(|it| it == route), "{route}: {described:?}");
    }
}

#[test]
fn operations_have_names_of_their_own_and_say_how_they_fail() {
    let server = TestServer::start();
    let document = document(&server);
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let label = format!("{method} {path}");
        let id = operation["operationId"].as_str().expect(&label);
        assert!(names.insert(id.to_owned()), "{label}: {id} occurs twice");
        assert!(operation["summary"].is_string() && operation["tags"].is_array(), "{label}");
        assert_eq!(operation["deprecated"] == true, path.starts_with("/mcp/"), "{label}");
        let responses = operation["responses"].as_object().expect(&label);
        let closed = operation["security"] != json!([]);
        let common = ["200", "403", "429", "503"].into_iter();
        for status in common.chain(closed.then_some("401")) {
            let content = &responses[status]["content"];
            let texts = ["text/plain", "application/openmetrics-text"];
            if status == "200" && texts.iter().any(|it| content[*it]["schema"]["type"] == "string")
            {
                continue;
            }
            let schema = &responses[status]["content"]["application/json"]["schema"]["$ref"];
            let name = schema.as_str().and_then(|it| it.rsplit('/').next()).expect(&label);
            assert!(document["components"]["schemas"].get(name).is_some(), "{label} {status}");
        }
    }
}

#[test]
fn every_action_has_a_call_parameters_a_result_and_an_example() {
    let server = TestServer::start();
    let document = document(&server);
    let schemas = &document["components"]["schemas"];
    let names = actions(&document);
    assert!(names.len() >= 25, "{names:?}");
    let calls = schemas["Call"]["oneOf"].as_array().expect("calls");
    assert_eq!(calls.len(), names.len());
    for name in names {
        let of = type_name(&name);
        for kind in ["Call", "Params", "Result", "Answer"] {
            assert!(schemas.get(format!("{of}{kind}")).is_some(), "{of}{kind}");
        }
        assert_eq!(schemas[format!("{of}Call")]["properties"]["action"]["const"], name);
        for parameter in
            schemas[format!("{of}Params")]["properties"].as_object().into_iter().flatten()
        {
            let description = parameter.1["description"].as_str().unwrap_or_default();
            assert!(!description.is_empty(), "{name} {}", parameter.0);
        }
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    let server = TestServer::start();
    let document = document(&server);
    let (call, error) = (validator(&document, "Call"), validator(&document, "Error"));
    let body = |it: &Value| it["content"]["application/json"]["examples"].clone();
    for path in ["/api/v1/query", "/mcp/query"] {
        let operation = &document["paths"][path]["post"];
        let requests = body(&operation["requestBody"]);
        let answers = body(&operation["responses"]["200"]);
        for name in actions(&document) {
            let request = &requests[&name]["value"];
            assert!(call.is_valid(request), "{name}: {request}");
            let of = type_name(&name);
            let params = validator(&document, &format!("{of}Params"));
            assert!(params.is_valid(&request["params"]), "{name}: {request}");
            let answer = &answers[&name]["value"];
            let wanted = validator(&document, &format!("{of}Answer"));
            assert!(wanted.is_valid(answer), "{name}: {answer}");
            assert!(!error.is_valid(answer), "{name}");
        }
    }
}

#[test]
fn every_default_is_what_its_schema_says() {
    let server = TestServer::start();
    let mut wrong = Vec::new();
    walk(&document(&server)["components"]["schemas"], "", &mut |way, value| {
        let is_schema = value.get("type").is_some() || value.get("enum").is_some();
        if let Some(default) = value.get("default").filter(|_| is_schema) {
            let schema = jsonschema::draft202012::new(value).expect("a schema");
            if !schema.is_valid(default) {
                wrong.push(format!("{way}: {default}"));
            }
        }
    });
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_reference_leads_somewhere_and_no_list_is_null() {
    let server = TestServer::start();
    let document = document(&server);
    walk(&document, "", &mut |way, value| {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            let pointer = target.strip_prefix('#').expect("a reference within");
            assert!(document.pointer(pointer).is_some(), "{way}: {target}");
        }
        for member in ["parameters", "tags", "security", "required", "servers", "responses"] {
            assert!(value.get(member) != Some(&Value::Null), "{way}/{member} is null");
        }
    });
}

#[test]
fn the_key_is_described() {
    let server = TestServer::start();
    let schemes = document(&server)["components"]["securitySchemes"].clone();
    let has = |wanted: Value| {
        let mut schemes = schemes.as_object().expect("schemes").values();
        schemes.any(|scheme| {
            wanted
                .as_object()
                .expect("an object")
                .iter()
                .all(|(name, value)| scheme[name] == *value)
        })
    };
    assert!(has(json!({ "type": "apiKey", "in": "header", "name": "X-API-Key" })), "{schemes}");
    assert!(has(json!({ "type": "http", "scheme": "bearer" })), "{schemes}");
}

#[test]
fn what_the_server_answers_is_what_the_document_says() {
    let server = TestServer::start();
    let document = document(&server);
    let assert_is = |schema: &str, body: &Value| {
        let validator = validator(&document, schema);
        let errors: Vec<String> = validator.iter_errors(body).map(|it| it.to_string()).collect();
        assert!(errors.is_empty(), "{schema}: {errors:?}: {body}");
    };
    for (action, params) in [
        ("list_users", json!({})),
        ("add_user", json!({ "username": "alice", "metadata": { "a": 1 } })),
        ("add_task", json!({ "title": "t", "assigned_to": "alice" })),
        ("add_task", json!({ "title": "u" })),
        ("update_task", json!({ "task_id": 1, "assigned_to": null })),
        ("list_tasks", json!({})),
        ("search_tasks", json!({ "query": "t" })),
        ("get_user", json!({ "username": "alice" })),
        ("get_user", json!({ "username": "nobody" })),
        ("update_config", json!({ "key": "k", "value": [1] })),
        ("get_config", json!({})),
        ("calculate", json!({ "operation": "max", "numbers": [] })),
        ("calculate", json!({ "operation": "average", "numbers": [1, 2] })),
        ("summarize_data", json!({})),
        ("delete_task", json!({ "task_id": 1 })),
        ("remove_user", json!({ "username": "alice" })),
    ] {
        let answer = server.call(action, params);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        assert_is(&format!("{}Answer", type_name(action)), &answer.json());
        assert_is("Answer", &answer.json());
    }
    for entity in ["", "entity=users", "entity=tasks", "entity=config", "entity=logs"] {
        assert_is("StateAnswer", &server.get(&format!("/api/v1/state?{entity}")).json());
    }
    assert_is("LogsAnswer", &server.get("/api/v1/logs").json());
    assert_is("ResetAnswer", &server.post("/api/v1/reset").send().json());
    assert_is("Health", &server.get("/").json());
    for path in ["/live", "/ready", "/api/v2/status"] {
        assert_is("Status", &server.get(path).json());
    }
    assert_is("Error", &server.get("/nope").json());
    assert_is("Error", &server.call("nope", json!({})).json());
}

#[test]
fn the_pages_are_in_the_binary_and_fetch_nothing_from_elsewhere() {
    let server = TestServer::with([("MCP_API_KEY", "k-12345")]).start();
    for path in ["/docs", "/redoc"] {
        let page = server.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(page.header("content-type").is_some_and(|it| it.starts_with("text/html")));
        let html = page.text();
        assert!(html.contains("/openapi.json"), "{path}");
        let lower = html.to_ascii_lowercase();
        for tag in lower.match_indices('<').map(|(at, _)| &lower[at..]) {
            let is = |name: &str| tag[1..].starts_with(name);
            if is("script ") || is("link ") || is("img ") || is("iframe ") {
                let tag = &tag[..tag.find('>').unwrap_or(tag.len())];
                let fetches = |name: &str| {
                    let value =
                        tag.split_once(name).map(|(_, rest)| rest.trim_start_matches(['"', '\'']));
                    value.is_some_and(|it| it.starts_with("http") || it.starts_with("//"))
                };
                assert!(!fetches("src=") && !fetches("href="), "{path}: {tag}");
            }
        }
        assert!(!lower.contains("@import url(http") && !lower.contains("@import \"http"), "{path}");
        // The browser fetches only what the page's policy allows.
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'self'"), "{policy}");
        assert!(!policy.contains("http:") && !policy.contains("https:"), "{policy}");
        assert!(!policy.split_whitespace().any(|it| it.trim_end_matches(';') == "*"), "{policy}");
    }
}

#[test]
fn the_copies_that_are_checked_in_are_fresh() {
    let settings = Settings::load(&Sources::default()).expect("the default settings");
    let registry = service::registry(&settings).expect("a registry");
    let root = repository();
    let documents = documents::all(&registry, &root).expect("the documents");
    assert_eq!(documents.len(), 4);
    for fresh in documents {
        let path = root.join(fresh.path);
        let there = std::fs::read_to_string(&path).expect(fresh.path);
        assert!(there == fresh.text, "{} is stale: run scripts/generate-docs", fresh.path);
    }
}

#[test]
fn the_server_serves_the_document_that_is_checked_in() {
    let server = TestServer::start();
    let there = std::fs::read_to_string(repository().join("docs/openapi.json")).expect("a file");
    let there: Value = serde_json::from_str(&there).expect("JSON");
    assert!(document(&server) == there, "docs/openapi.json is stale: run scripts/generate-docs");
}
