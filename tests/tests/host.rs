//! DNS rebinding: a page whose host name resolves to 127.0.0.1 cannot call a server on loopback.

use service_tests::{Response, TestServer};

const PATHS: [&str; 15] = [
    "/",
    "/live",
    "/ready",
    "/docs",
    "/redoc",
    "/openapi.json",
    "/api/v1/state",
    "/api/v1/query",
    "/api/v2/status",
    "/api/v2/query",
    "/api/v2/batch",
    "/api/v2/blobs/b_1",
    "/mcp/logs",
    "/nope",
    "/api/v1/nope",
];

fn ask(server: &TestServer, method: &str, path: &str, host: &str) -> Response {
    server.request(method, path).host(host).send()
}

#[test]
fn a_foreign_host_is_refused_on_every_route() {
    let server = TestServer::start();
    for path in PATHS {
        for method in ["GET", "POST", "DELETE"] {
            let answer = ask(&server, method, path, "evil.example");
            let refusal = answer.refusal(403);
            assert!(refusal.contains("MCP_ALLOWED_HOSTS"), "{method} {path}: {refusal}");
        }
    }
    let preflight = server
        .request("OPTIONS", "/api/v1/query")
        .host("evil.example")
        .header("Origin", "http://evil.example")
        .header("Access-Control-Request-Method", "POST");
    assert_eq!(preflight.send().status, 403);
}

#[test]
fn loopback_is_served_under_all_its_names() {
    let server = TestServer::start();
    let port = server.address().port();
    for host in
        ["127.0.0.1", "localhost", "LOCALHOST", "localhost.", "[::1]", "127.0.0.2", "app.localhost"]
    {
        assert_eq!(ask(&server, "GET", "/", host).status, 200, "{host}");
        let with_port = format!("{host}:{port}");
        assert_eq!(ask(&server, "GET", "/", &with_port).status, 200, "{with_port}");
    }
}

#[test]
fn names_that_only_look_like_loopback_are_refused() {
    let server = TestServer::start();
    for host in [
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8000",
        "evillocalhost",
        "192.168.0.1",
        "[::2]",
        "0.0.0.0",
        "localhost:80:80",
        "localhost@evil.example",
        "evil.example localhost",
        "",
        "::1",
    ] {
        let status = ask(&server, "GET", "/", host).status;
        assert!(matches!(status, 400 | 403), "{host}: {status}");
    }
}

#[test]
fn a_request_that_names_no_host_or_two_is_refused() {
    let server = TestServer::start();
    let without = server.request("GET", "/").without_host().send().status;
    assert!(matches!(without, 400 | 403), "{without}");
    for (one, other) in [("localhost", "evil.example"), ("evil.example", "localhost")] {
        let two = server.request("GET", "/").host(one).header("Host", other).send().status;
        assert!(matches!(two, 400 | 403), "{two}");
    }
    for (target, host) in [
        ("http://evil.example/", "localhost"),
        ("http://localhost/", "evil.example"),
        ("http://evil.example/nope", "localhost"),
    ] {
        let status = ask(&server, "GET", target, host).status;
        assert!(matches!(status, 400 | 403), "{target} {host}: {status}");
    }
}

#[test]
fn a_listed_host_is_served_too() {
    let allowed = [("MCP_ALLOWED_HOSTS", "mcp.example.com,other.example:8443")];
    let server = TestServer::with(allowed).start();
    for (host, wanted) in [
        ("mcp.example.com", 200),
        ("MCP.example.com:443", 200),
        ("other.example:8443", 200),
        ("other.example:9000", 403),
        ("localhost", 200),
        ("sub.mcp.example.com", 403),
        ("evil.example", 403),
    ] {
        assert_eq!(ask(&server, "GET", "/live", host).status, wanted, "{host}");
    }
}

#[test]
fn a_probe_may_name_any_address() {
    for server in
        [TestServer::start(), TestServer::with([("MCP_ALLOWED_HOSTS", "mcp.example.com")]).start()]
    {
        for host in ["10.244.0.7:8000", "10.244.0.7", "[fd00::7]:8000"] {
            for (method, path, wanted) in [
                ("GET", "/live", 200),
                ("HEAD", "/ready", 200),
                ("POST", "/live", 403),
                ("GET", "/", 403),
                ("GET", "/api/v1/state", 403),
            ] {
                let status = ask(&server, method, path, host).status;
                assert_eq!(status, wanted, "{method} {path} {host}");
            }
        }
        assert_eq!(ask(&server, "GET", "/live", "evil.example").status, 403);
    }
}

#[test]
fn a_foreign_host_is_refused_before_anything_else_is_told() {
    let settings = [("MCP_API_KEY", "k-12345"), ("MCP_RATE_LIMIT", "1/day")];
    let server = TestServer::with(settings).start();
    for _ in 0..3 {
        let answer = server.request("GET", "/api/v1/state").host("evil.example").key("k-12345");
        let answer = answer.header("Origin", "http://evil.example").send();
        assert_eq!(answer.status, 403);
        assert_eq!(answer.header("ratelimit-limit"), None);
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    assert_eq!(server.get("/live").status, 200);
}
