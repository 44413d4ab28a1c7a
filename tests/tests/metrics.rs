//! `/metrics`: what is counted of calls, for Prometheus.

use serde_json::json;
use service_tests::TestServer;

/// The value of a series, 0 where there is none.
fn value(server: &TestServer, series: &str) -> f64 {
    let answer = server.request("GET", "/metrics").key("k-1").send();
    assert_eq!(answer.status, 200);
    let kind = answer.header("content-type").expect("a type");
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    let text = String::from_utf8(answer.body).expect("text");
    assert!(text.ends_with("# EOF\n"), "{text}");
    let found = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.map_or(0.0, |value| value.parse().expect("a number"))
}

#[test]
fn calls_errors_and_times_are_counted_by_action() {
    let server = TestServer::with([("MCP_API_KEY", "k-1")]).start();
    let call = |action: &str, params| {
        let body = json!({ "action": action, "params": params });
        server.post("/api/v1/query").key("k-1").json(&body).send().status
    };
    assert_eq!(call("add_task", json!({"title": "x"})), 200);
    assert_eq!(call("add_task", json!({})), 400);
    assert_eq!(call("no_such\"action\n", json!({})), 400);
    for (series, wanted) in [
        (r#"mcp_calls_total{action="add_task"}"#, 2.0),
        (r#"mcp_errors_total{action="add_task",error="invalid_params"}"#, 1.0),
        (r#"mcp_call_seconds_count{action="add_task"}"#, 2.0),
        (r#"mcp_calls_total{action="unknown"}"#, 1.0),
        (r#"mcp_errors_total{action="unknown",error="unknown_action"}"#, 1.0),
        (r#"mcp_calls_total{action="list_tasks"}"#, 0.0),
    ] {
        let found = value(&server, series);
        assert!((found - wanted).abs() < f64::EPSILON, "{series}: {found}");
    }
    assert!(value(&server, r#"mcp_call_seconds_sum{action="add_task"}"#) > 0.0);
}

#[test]
fn the_counts_are_for_who_has_the_key() {
    let server = TestServer::with([("MCP_API_KEY", "k-1")]).start();
    assert_eq!(server.get("/metrics").refusal(401), "Missing X-API-Key header");
    assert_eq!(server.request("POST", "/metrics").key("k-1").send().status, 405);
}
