//! The routes: their responses, and the errors for unknown methods and paths.

use serde_json::json;
use service_tests::TestServer;

/// Every route and its one method.
const ROUTES: [(&str, &str); 20] = [
    ("GET", "/"),
    ("GET", "/live"),
    ("GET", "/ready"),
    ("GET", "/llms.txt"),
    ("GET", "/metrics"),
    ("GET", "/api/v2/help"),
    ("GET", "/api/v2/status"),
    ("POST", "/api/v2/query"),
    ("POST", "/api/v2/batch"),
    ("POST", "/api/v1/query"),
    ("GET", "/api/v1/state"),
    ("GET", "/api/v1/logs"),
    ("POST", "/api/v1/reset"),
    ("POST", "/mcp/query"),
    ("GET", "/mcp/state"),
    ("GET", "/mcp/logs"),
    ("POST", "/mcp/reset"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/redoc"),
];

/// Returns whether a string is a UTC time with microseconds and no zone, as v1 writes times.
fn is_time(text: &str) -> bool {
    let form = "dddd-dd-ddTdd:dd:dd.dddddd";
    text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            _ => byte == wanted,
        })
}

#[test]
fn the_root_says_that_the_service_runs_and_which_versions_it_has() {
    let answer = TestServer::start().get("/");
    assert_eq!(answer.status, 200);
    let mut body = answer.json();
    let time = body["timestamp"].take();
    assert!(is_time(time.as_str().expect("a text")), "{time}");
    let program = service_tests::Command::new(["--version"]).run().stdout;
    assert_eq!(program.trim_end().rsplit(' ').next(), body["version"].take().as_str());
    assert_eq!(
        body,
        json!({
            "status": "running",
            "service": "MCP Server",
            "version": null,
            "timestamp": null,
            "api_versions": {
                "v1": { "path": "/api/v1", "status": "stable" },
                "v2": { "path": "/api/v2", "status": "stable" },
            },
            "legacy_endpoints": "/mcp/* (deprecated, use /api/v1/* instead)",
        })
    );
}

#[test]
fn a_supervisor_asks_whether_the_server_lives_and_is_ready() {
    let server = TestServer::start();
    assert_eq!(server.get("/live").json(), json!({ "status": "live" }));
    assert_eq!(server.get("/ready").json(), json!({ "status": "ready" }));
}

#[test]
fn v2_says_truthfully_what_it_offers() {
    let server = TestServer::start();
    let status = server.get("/api/v2/status").json();
    let described = server.get("/openapi.json").json();
    let routes: Vec<&str> = described["paths"]
        .as_object()
        .expect("paths")
        .keys()
        .map(String::as_str)
        .filter(|path| path.starts_with("/api/v2/"))
        .collect();
    assert_eq!(status["routes"], json!(routes));
    assert_eq!(status["version"], "v2");
}

#[test]
fn success_is_an_envelope_of_four_fields_in_their_order() {
    let server = TestServer::start();
    let answers = [
        (server.call("list_users", json!({})), "Action 'list_users' completed successfully"),
        (server.get("/api/v1/state"), "Memory snapshot retrieved"),
        (server.get("/api/v1/state?entity=users"), "Filtered memory snapshot retrieved"),
        (server.get("/api/v1/logs"), "Retrieved 1 logs"),
        (server.post("/api/v1/reset").send(), "Memory reset complete"),
    ];
    for (answer, message) in answers {
        let body = answer.json();
        let members: Vec<_> = body.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["success", "data", "message", "timestamp"]);
        assert_eq!(body["success"], true);
        assert_eq!(body["message"], message);
        assert!(is_time(body["timestamp"].as_str().expect("a text")), "{body}");
    }
}

#[test]
fn a_path_that_nothing_serves_is_404_in_json_whatever_the_method() {
    let server = TestServer::start();
    let paths =
        ["/nope", "/api/v1", "/api/v1/", "/api/v1/nope", "/api/v1/query/", "/mcp/x", "/docs/x"];
    for path in paths {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "BREW"] {
            let answer = server.request(method, path).send();
            assert_eq!(answer.refusal(404), "Not Found", "{method} {path}");
        }
    }
    assert_eq!(server.get("/%00/%ff").refusal(404), "Not Found");
}

#[test]
fn targets_that_are_no_paths_are_answered_like_any_other() {
    let server = TestServer::start();
    for (method, target, wanted) in [
        ("GET", "/api/v1/%73tate", 200),
        ("GET", "http://localhost/api/v1/state", 200),
        ("GET", "//api/v1/state", 404),
        ("GET", "/api/v1/../v1/state", 404),
        ("GET", "/api/v1/state;x=1", 404),
        ("GET", "*", 404),
        ("OPTIONS", "*", 404),
        ("CONNECT", "localhost:80", 404),
        ("CONNECT", "evil.example:443", 403),
    ] {
        let answer = server.request(method, target).host("localhost").send();
        assert_eq!(answer.status, wanted, "{method} {target}");
        assert!(answer.json().is_object(), "{method} {target}");
    }
}

#[test]
fn a_method_that_a_route_does_not_have_is_405_in_json_and_says_which_it_has() {
    let server = TestServer::start();
    for (method, path) in ROUTES {
        let others = ["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"];
        for other in others.into_iter().filter(|other| *other != method) {
            let answer = server.request(other, path).send();
            assert_eq!(answer.refusal(405), "Method Not Allowed", "{other} {path}");
            let allow = answer.header("allow").unwrap_or_default();
            assert!(allow.split(", ").any(|it| it == method), "{other} {path}: {allow:?}");
        }
    }
}

#[test]
fn head_is_answered_like_get_without_the_body() {
    let server = TestServer::start();
    for (_, path) in ROUTES.into_iter().filter(|(method, _)| *method == "GET") {
        let head = server.request("HEAD", path).send();
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        let get = server.get(path);
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
    let head = server.request("HEAD", "/nope").send();
    assert_eq!(head.status, 404);
}

#[test]
fn options_without_an_origin_says_which_methods_a_route_has() {
    let server = TestServer::start();
    for (method, path) in ROUTES {
        let answer = server.request("OPTIONS", path).send();
        let allow = answer.header("allow").unwrap_or_default();
        assert!(allow.contains(method), "{path}: {} {allow:?}", answer.status);
        assert!(matches!(answer.status, 200 | 204 | 405), "{path}: {}", answer.status);
    }
}

#[test]
fn one_connection_serves_one_request_after_the_other() {
    let server = TestServer::start();
    let mut connection = server.connect();
    for number in 0..5 {
        connection.send(&server.request("GET", "/live").bytes());
        assert_eq!(connection.response().expect("an answer").status, 200, "{number}");
    }
    let both = [server.request("GET", "/live").bytes(), server.request("GET", "/nope").bytes()];
    connection.send(&both.concat());
    assert_eq!(connection.response().expect("an answer").status, 200);
    assert_eq!(connection.response().expect("an answer").status, 404);
}
