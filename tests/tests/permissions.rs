//! Who may use which routes, over every transport.

use serde_json::json;
use service_tests::{Request, TestServer};

const KEY: &str = "the-right-key";
const LISTED: &str = "https://app.example";

/// A kind of protected route.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    V1,
    Reset,
    Protocol,
}

/// Requests to each route of a kind, by name.
fn requests(kind: Kind, server: &TestServer) -> Vec<(&'static str, Request)> {
    let query = |path| server.post(path).json(&json!({"action": "list_users"}));
    match kind {
        Kind::V1 => vec![
            ("a call on v1", query("/api/v1/query")),
            ("a call on legacy", query("/mcp/query")),
            ("the state", server.request("GET", "/api/v1/state")),
            ("the log", server.request("GET", "/mcp/logs")),
        ],
        Kind::Reset => vec![
            ("the reset of v1", server.post("/api/v1/reset")),
            ("the legacy reset", server.post("/mcp/reset")),
        ],
        Kind::Protocol => {
            let old = server.protocol("2025-11-25");
            let new = server.protocol("2026-07-28");
            let read = json!({"name": "change", "arguments": {"action": "list_users"}});
            let write = json!({
                "name": "change",
                "arguments": {"action": "update_config", "params": {"key": "k", "value": 1}},
            });
            vec![
                ("a call that reads", old.request("tools/call", read.clone())),
                ("a call that writes", new.request("tools/call", write)),
                ("a resource", new.request("resources/read", json!({"uri": "mcp://users"}))),
                (
                    "a list of tools",
                    old.clone().query("tools=all").request("tools/list", json!({})),
                ),
                ("the discovery", new.request("server/discover", json!({}))),
            ]
        }
    }
}

/// The origin of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum From {
    Program,
    OwnPage,
    ForeignPage,
    ListedPage,
}

/// The key that a request brings.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Brings {
    Nothing,
    WrongKey,
    RightKey,
}

/// The status that a kind of route returns.
fn expected(kind: Kind, key_is_set: bool, brings: Brings, from: From) -> u16 {
    let foreign = from == From::ForeignPage;
    let opens = key_is_set && brings == Brings::RightKey;
    match (kind, key_is_set, brings) {
        (Kind::Protocol, ..) if foreign => 403,
        (_, true, Brings::Nothing) => 401,
        (_, true, Brings::WrongKey) => 403,
        (Kind::Reset, ..) if foreign && !opens => 403,
        _ => 200,
    }
}

#[test]
fn every_kind_of_route_asks_for_what_it_needs() {
    let open = TestServer::with([("MCP_CORS_ORIGINS", LISTED)]).start();
    let closed = TestServer::with([("MCP_CORS_ORIGINS", LISTED), ("MCP_API_KEY", KEY)]).start();
    for (server, key_is_set) in [(&open, false), (&closed, true)] {
        let own = server.base_url();
        for kind in [Kind::V1, Kind::Reset, Kind::Protocol] {
            for brings in [Brings::Nothing, Brings::WrongKey, Brings::RightKey] {
                for from in [From::Program, From::OwnPage, From::ForeignPage, From::ListedPage] {
                    for (route, request) in requests(kind, server) {
                        let request = match from {
                            From::Program => request,
                            From::OwnPage => request.header("Origin", &own),
                            From::ForeignPage => request.header("Origin", "https://evil.example"),
                            From::ListedPage => request.header("Origin", LISTED),
                        };
                        let request = match brings {
                            Brings::Nothing => request,
                            Brings::WrongKey => request.key("another"),
                            Brings::RightKey => request.key(KEY),
                        };
                        let answer = request.send();
                        let wanted = expected(kind, key_is_set, brings, from);
                        let case = format!("{route}, key set: {key_is_set}, {brings:?}, {from:?}");
                        assert_eq!(answer.status, wanted, "{case}: {}", answer.text());
                        let challenge = answer.header("www-authenticate").is_some();
                        assert_eq!(challenge, wanted == 401, "{case}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_wildcard_lists_nobody_at_the_protocol() {
    let server = TestServer::with([("MCP_CORS_ORIGINS", "*")]).start();
    for origin in ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1"] {
        let client = server.protocol("2025-11-25").header("Origin", origin);
        let refusal = client.send("tools/list", json!({})).refusal(403);
        assert!(refusal.contains("MCP_CORS_ORIGINS"), "{origin}: {refusal}");
    }
}

#[test]
fn a_name_that_was_made_to_resolve_here_gets_nothing() {
    // Beyond loopback v1 accepts every `Host`. The protocol trusts a page's own origin only if its host
    // name is one of the server's.
    let everywhere = TestServer::with([("MCP_HOST", "0.0.0.0")]).start();
    let named =
        TestServer::with([("MCP_HOST", "0.0.0.0"), ("MCP_ALLOWED_HOSTS", "mcp.example")]).start();
    let ask = |server: &TestServer, host: &str, origin: &str| {
        let request = server.protocol("2025-11-25").request("tools/list", json!({}));
        request.host(host).header("Origin", origin).send().status
    };
    assert_eq!(ask(&everywhere, "evil.example", "http://evil.example"), 403);
    assert_eq!(ask(&everywhere, "127.0.0.1:80", "http://127.0.0.1"), 200);
    assert_eq!(ask(&named, "evil.example", "http://evil.example"), 403);
    assert_eq!(ask(&named, "mcp.example", "https://mcp.example"), 200);
    let loopback = TestServer::start();
    let request = loopback.protocol("2025-11-25").request("tools/list", json!({}));
    assert_eq!(request.host("evil.example").send().status, 403);
}
