//! CORS: the web pages that may read the responses.

use std::collections::BTreeSet;

use serde_json::json;
use service_tests::{Response, TestServer};

const LISTED: [(&str, &str); 1] =
    [("MCP_CORS_ORIGINS", "https://yourdomain.com,https://app.yourdomain.com")];

fn get_from(server: &TestServer, path: &str, origin: &str) -> Response {
    server.request("GET", path).header("Origin", origin).send()
}

fn preflight(server: &TestServer, path: &str, origin: &str) -> Response {
    server
        .request("OPTIONS", path)
        .header("Origin", origin)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "content-type,x-api-key,authorization")
        .send()
}

/// Returns the names of the CORS header fields of a response.
fn cors(answer: &Response) -> Vec<&str> {
    let names = answer.headers.iter().map(|(name, _)| name.as_str());
    names.filter(|name| name.starts_with("access-control-")).collect()
}

/// Returns the members of a list field, in lower case.
fn list(answer: &Response, name: &str) -> BTreeSet<String> {
    let value = answer.header(name).unwrap_or_default();
    value.split(',').map(|it| it.trim().to_lowercase()).collect()
}

#[test]
fn every_page_may_read_by_default_and_then_without_credentials() {
    let server = TestServer::start();
    for origin in ["http://example.com", "https://a.b:8443", "null"] {
        for path in ["/", "/api/v1/state", "/nope", "/openapi.json"] {
            let answer = get_from(&server, path, origin);
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
            assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
        }
    }
}

#[test]
fn a_preflight_says_what_is_allowed_and_needs_no_key() {
    for setting in ["*", "https://page.example"] {
        let settings = [("MCP_CORS_ORIGINS", setting), ("MCP_API_KEY", "k-12345")];
        let server = TestServer::with(settings).start();
        for path in ["/api/v1/query", "/api/v1/reset", "/mcp/query"] {
            let answer = preflight(&server, path, "https://page.example");
            assert!(matches!(answer.status, 200 | 204), "{}", answer.status);
            let origin = answer.header("access-control-allow-origin");
            assert_eq!(origin, Some(setting));
            let methods = list(&answer, "access-control-allow-methods");
            for method in ["get", "post", "put", "delete", "options"] {
                assert!(methods.contains(method), "{methods:?}");
            }
            let headers = list(&answer, "access-control-allow-headers");
            for header in ["content-type", "x-api-key", "authorization"] {
                assert!(headers.contains(header), "{headers:?}");
            }
        }
    }
}

#[test]
fn listed_pages_alone_may_read_and_with_credentials() {
    let server = TestServer::with(LISTED).start();
    for origin in ["https://yourdomain.com", "https://app.yourdomain.com"] {
        for answer in [get_from(&server, "/", origin), preflight(&server, "/api/v1/query", origin)]
        {
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
            assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
            assert!(list(&answer, "vary").contains("origin"), "{answer:?}");
        }
    }
}

#[test]
fn a_page_that_is_not_listed_gets_no_word_of_cors() {
    let server = TestServer::with(LISTED).start();
    for origin in [
        "https://evil.example",
        "http://yourdomain.com",
        "https://yourdomain.com:8443",
        "https://sub.app.yourdomain.com",
        "https://yourdomain.com.evil.example",
        "https://evilyourdomain.com",
        "null",
    ] {
        let answer = get_from(&server, "/api/v1/state", origin);
        assert!(matches!(answer.status, 200 | 400 | 403), "{origin}");
        assert_eq!(cors(&answer), Vec::<&str>::new(), "{origin}");
        let refused = preflight(&server, "/api/v1/query", origin);
        assert!(!refused.refusal(400).is_empty());
        assert_eq!(cors(&refused), Vec::<&str>::new(), "{origin}");
    }
}

#[test]
fn a_request_that_is_not_a_pages_gets_no_word_of_cors() {
    let server = TestServer::with(LISTED).start();
    assert_eq!(cors(&server.get("/")), Vec::<&str>::new());
}

#[test]
fn a_page_may_read_refusals_and_when_to_come_back() {
    let settings = [("MCP_API_KEY", "k-12345"), ("MCP_RATE_LIMIT", "3/day")];
    let server = TestServer::with(settings).start();
    for (path, wanted) in
        [("/api/v1/state", 401), ("/nope", 404), ("/api/v1/query", 405), ("/", 429)]
    {
        let answer = get_from(&server, path, "https://page.example");
        assert_eq!(answer.status, wanted, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        let exposed = list(&answer, "access-control-expose-headers");
        for name in ["retry-after", "ratelimit-remaining", "deprecation", "link"] {
            assert!(exposed.contains(name), "{path}: {exposed:?}");
        }
    }
}

#[test]
fn a_page_that_writes_must_say_that_it_sends_json_for_which_its_browser_asks_first() {
    let server = TestServer::with(LISTED).start();
    let send = |path: &str, headers: &[(&str, &str)]| {
        let body = r#"{"action":"add_task","params":{"title":"t"}}"#;
        let request =
            headers.iter().fold(server.request("POST", path), |request, (name, value)| {
                request.header(name, value)
            });
        request.body(body).send().status
    };
    let origin = ("Origin", "https://evil.example");
    for path in ["/api/v1/query", "/mcp/query", "/api/v2/query"] {
        assert_eq!(send(path, &[origin]), 422, "{path}");
        for simple in ["text/plain;charset=UTF-8", "application/x-www-form-urlencoded"] {
            assert_eq!(send(path, &[origin, ("Content-Type", simple)]), 422, "{path} {simple}");
        }
    }
    assert_eq!(server.data("list_tasks", json!({})), json!([]));
    assert_eq!(send("/api/v1/query", &[]), 200, "a program");
    let listed = ("Origin", "https://yourdomain.com");
    assert_eq!(send("/api/v1/query", &[listed, ("Content-Type", "application/json")]), 200);
}
