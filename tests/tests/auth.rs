//! The API key: the routes that it protects, and every way to send it.

use serde_json::{Value, json};
use service_tests::{Request, Response, TestServer};

const KEY: &str = "k-12345 is not a key";
const RIGHT: &str = "k-1234567890";

fn closed_server() -> TestServer {
    TestServer::with([("MCP_API_KEY", RIGHT)]).start()
}

/// Returns every operation of the API document: method, path, and whether it is documented as open.
fn operations(server: &TestServer) -> Vec<(String, String, bool)> {
    let document = server.get("/openapi.json").json();
    let paths = document["paths"].as_object().expect("paths");
    let mut found = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            let security = operation["security"].as_array().expect("security");
            found.push((method.to_uppercase(), path.clone(), security.is_empty()));
        }
    }
    assert!(found.len() >= 12, "{found:?}");
    found
}

/// Builds a valid request for a route.
fn request(server: &TestServer, method: &str, path: &str) -> Request {
    let request = server.request(method, path);
    if path.ends_with("/batch") {
        request.json(&json!({ "steps": [{ "id": "a", "action": "list_users" }] }))
    } else if path.ends_with("/query") {
        request.json(&json!({ "action": "list_users" }))
    } else {
        request
    }
}

#[test]
fn every_route_is_closed_without_the_key_but_those_that_the_document_calls_open() {
    let server = closed_server();
    for (method, path, is_open) in operations(&server) {
        let label = format!("{method} {path}");
        let without = request(&server, &method, &path).send();
        let wrong = request(&server, &method, &path).key("wrong").send();
        let right = request(&server, &method, &path).key(RIGHT).send();
        // A route with an id in its path gets an id that does not exist.
        let expected = match path.as_str() {
            "/api/v2/connections/reload" => 400,
            path if path.contains('{') => 404,
            _ => 200,
        };
        assert_eq!(right.status, expected, "{label}: {}", right.text());
        if is_open {
            assert_eq!((without.status, wrong.status), (200, 200), "{label}");
            continue;
        }
        assert_eq!(without.refusal(401), "Missing X-API-Key header", "{label}");
        assert_eq!(without.header("www-authenticate"), Some("Bearer"), "{label}");
        assert_eq!(wrong.refusal(403), "Invalid API key", "{label}");
    }
}

#[test]
fn open_are_the_root_what_supervisors_ask_and_how_to_start() {
    let server = closed_server();
    let open: Vec<_> =
        operations(&server).into_iter().filter(|it| it.2).map(|(_, path, _)| path).collect();
    assert_eq!(open, ["/", "/live", "/llms.txt", "/ready"]);
}

#[test]
fn unknown_paths_and_wrong_methods_are_told_before_a_key_is_asked_for() {
    let server = closed_server();
    assert_eq!(server.get("/api/v1/nope").status, 404);
    assert_eq!(server.get("/api/v1/query").status, 405);
}

#[test]
fn a_refused_call_does_nothing() {
    let server = closed_server();
    let add = |key: &str| {
        let body = json!({ "action": "add_user", "params": { "username": "mallory" } });
        server.post("/api/v1/query").key(key).json(&body).send().status
    };
    assert_eq!(add("wrong"), 403);
    let _ = server.post("/api/v1/reset").send();
    let state = server.request("GET", "/api/v1/state").key(RIGHT).send().data();
    assert_eq!(state["users"], json!([]));
    assert_eq!(state["stats"]["total_logs"], 0);
}

#[test]
fn every_way_to_bring_the_key() {
    let server = closed_server();
    let bearer = format!("Bearer {RIGHT}");
    let cases: [(&[(&str, &str)], u16); 23] = [
        (&[("X-API-Key", RIGHT)], 200),
        (&[("x-api-key", RIGHT)], 200),
        // Whitespace around a value is not part of it (RFC 9110, section 5.5).
        (&[("X-API-Key", &format!("{RIGHT} "))], 200),
        (&[("X-API-Key", &format!("\t{RIGHT}\t"))], 200),
        (&[("Authorization", &bearer)], 200),
        (&[("authorization", &format!("bearer {RIGHT}"))], 200),
        (&[("authorization", &format!("BEARER   {RIGHT}"))], 200),
        // A non-empty X-API-Key takes precedence.
        (&[("X-API-Key", ""), ("Authorization", &bearer)], 200),
        (&[("X-API-Key", "wrong"), ("Authorization", &bearer)], 403),
        (&[("X-API-Key", RIGHT), ("Authorization", "Bearer wrong")], 200),
        (&[], 401),
        (&[("X-API-Key", "")], 401),
        (&[("Authorization", "Bearer")], 401),
        (&[("Authorization", &format!("Basic {RIGHT}"))], 401),
        (&[("Authorization", RIGHT)], 401),
        (&[("Cookie", &format!("X-API-Key={RIGHT}"))], 401),
        (&[("X-API-Key", &RIGHT[1..])], 403),
        (&[("X-API-Key", &RIGHT[..RIGHT.len() - 1])], 403),
        (&[("X-API-Key", &format!("{RIGHT}0"))], 403),
        (&[("X-API-Key", &RIGHT.to_uppercase())], 403),
        (&[("X-API-Key", KEY)], 403),
        // It is undefined which of two keys counts.
        (&[("X-API-Key", RIGHT), ("X-API-Key", "wrong")], 403),
        (&[("X-API-Key", RIGHT), ("X-API-Key", RIGHT)], 403),
    ];
    for (headers, wanted) in cases {
        let request = server.request("GET", "/api/v1/state");
        let request = headers.iter().fold(request, |it, (name, value)| it.header(name, value));
        assert_eq!(request.send().status, wanted, "{headers:?}");
    }
}

#[test]
fn a_key_in_the_address_or_the_body_is_no_key() {
    let server = closed_server();
    for name in ["api_key", "key", "X-API-Key", "x-api-key", "token", "access_token", "apikey"] {
        let answer = server.get(&format!("/api/v1/state?{name}={RIGHT}"));
        assert_eq!(answer.status, 401, "{name}");
        let body = json!({ "action": "list_users", name: RIGHT, "params": { name: RIGHT } });
        assert_eq!(server.post("/api/v1/query").json(&body).send().status, 401, "{name}");
    }
    let mut connection = server.connect();
    let target = format!("http://x:{RIGHT}@{}/api/v1/state", server.address());
    connection.send(&server.request("GET", &target).bytes());
    let status = connection.response().expect("an answer").status;
    assert!(matches!(status, 400 | 401 | 403), "{status}");
}

#[test]
fn a_key_is_asked_for_before_the_body_is_looked_at() {
    let server = closed_server();
    let answer: Response = server.post("/api/v1/query").json_text("not json").send();
    assert_eq!(answer.status, 401);
    let detail = answer.json()["detail"].clone();
    assert_eq!(detail, Value::from("Missing X-API-Key header"));
}

#[test]
fn without_a_configured_key_everybody_may_call() {
    for server in [TestServer::start(), TestServer::with([("MCP_API_KEY", "")]).start()] {
        assert_eq!(server.get("/api/v1/state").status, 200);
        assert_eq!(server.request("GET", "/api/v1/state").key("whatever").send().status, 200);
    }
}
