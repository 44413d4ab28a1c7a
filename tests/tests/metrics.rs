//! `/metrics`: counts of calls for Prometheus.

use std::fs;

use serde_json::json;
use service_tests::TestServer;
use service_tests::tokens::o200k;

/// Returns the value of a series; 0 if it does not exist.
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
fn steps_are_calls_too_and_those_of_a_transaction_that_was_undone_are_none() {
    let server = TestServer::with([("MCP_API_KEY", "k-1")]).start();
    let batch = |titles: &[&str], atomic: bool| {
        let step = |(at, title): (usize, &&str)| json!({"id": format!("s{at}"), "action": "add_task", "params": {"title": title}});
        let steps: Vec<_> = titles.iter().enumerate().map(step).collect();
        let body = json!({"action": "batch", "params": {"steps": steps, "atomic": atomic}});
        server.post("/api/v2/query").key("k-1").json(&body).send().status
    };
    let calls = || value(&server, r#"mcp_calls_total{action="add_task"}"#);
    for (titles, atomic, status, wanted) in [
        (&["a", "b"][..], false, 200, 2.0),
        (&["c", "d", "e"], true, 200, 5.0),
        // Failed calls count too.
        (&["f", ""], true, 400, 6.0),
    ] {
        assert_eq!(batch(titles, atomic), status, "{titles:?}");
        assert!((calls() - wanted).abs() < f64::EPSILON, "{titles:?}: {}", calls());
    }
    let errors = value(&server, r#"mcp_errors_total{action="add_task",error="invalid_params"}"#);
    assert!((errors - 1.0).abs() < f64::EPSILON, "{errors}");
}

#[test]
fn the_counts_are_for_who_has_the_key() {
    let server = TestServer::with([("MCP_API_KEY", "k-1")]).start();
    assert_eq!(server.get("/metrics").refusal(401), "Missing X-API-Key header");
    assert_eq!(server.request("POST", "/metrics").key("k-1").send().status, 405);
}

#[test]
fn tokens_are_counted_on_the_lean_face_and_nowhere_else() {
    let server = TestServer::with([("MCP_API_KEY", "k-1")]).start();
    let ask = |path: &str, body: &serde_json::Value| server.post(path).key("k-1").json(body).send();
    for index in 0..20 {
        let body = json!({"action": "add_task", "params": {"title": format!("Task {index}")}});
        assert_eq!(ask("/api/v1/query", &body).status, 200);
    }
    assert!(value(&server, r#"mcp_tokens_out_total{action="add_task"}"#).abs() < f64::EPSILON);
    let query = json!({"action": "list_tasks", "format": "csv"});
    let answer = ask("/api/v2/query", &query);
    let tokens = answer.header("x-tokens").expect("a count").parse::<f64>().expect("a number");
    let count = |text: &str| f64::from(u32::try_from(o200k(text)).expect("a few"));
    assert!((tokens - count(&String::from_utf8_lossy(&answer.body))).abs() < f64::EPSILON);
    let v1 = ask("/api/v1/query", &json!({"action": "list_tasks"}));
    let whole = count(&String::from_utf8_lossy(&v1.body));
    for (series, wanted, within) in [
        // Estimated from bytes: nothing is tokenized for a metric alone.
        ("mcp_tokens_in_total", count(&query.to_string()), 0.2 * count(&query.to_string())),
        ("mcp_tokens_out_total", tokens, 0.5),
        ("mcp_tokens_saved_total", whole - tokens, 0.2 * (whole - tokens)),
    ] {
        let found = value(&server, &format!("{series}{{action=\"list_tasks\"}}"));
        assert!((found - wanted).abs() <= within, "{series}: {found}, not {wanted}");
    }
    let refused = ask("/api/v2/query", &json!({"action": "no_such_action"}));
    assert_eq!(refused.status, 400);
    assert!(value(&server, r#"mcp_tokens_out_total{action="unknown"}"#) > 5.0);
}

#[test]
fn calls_are_answered_whose_log_entries_are_lost_and_those_are_counted() {
    let settings =
        [("MCP_API_KEY", "k-1"), ("DATABASE_URL", "memory.db"), ("MCP_DATABASE_POOL", "1")];
    let server = TestServer::with(settings).start();
    let lost = || value(&server, "mcp_log_entries_lost_total");
    assert!(lost().abs() < f64::EPSILON);
    let call = |path: &str, body| server.post(path).key("k-1").json(&body).send();
    assert_eq!(call("/api/v1/query", json!({"action": "get_config"})).status, 200);
    // From here on the server cannot store entries, and at most 4 MiB of them wait.
    fs::remove_file(server.database()).expect("it is there");
    let long = "x".repeat(60_000);
    for _ in 0..100 {
        let body = json!({"action": "get_config", "params": {"ignored": long}});
        let answer = call("/api/v1/query", body);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let step = json!({"id": "a", "action": "get_config"});
    let answer = call("/api/v2/batch", json!({"steps": [step]}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(lost() >= 1.0, "{}", lost());
    assert!(server.stderr().contains("log entries are lost"), "{}", server.stderr());
    // The server retries once a second, or with the next call.
    let tries = server.stderr().matches("a commit failed").count();
    assert!((1..1000).contains(&tries), "{tries}");
    let write = json!({"action": "add_user", "params": {"username": "a"}});
    assert_eq!(call("/api/v1/query", write).status, 503);
}
