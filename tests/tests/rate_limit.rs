//! The rate limit.

use serde_json::json;
use service_tests::{Response, TestServer};

/// Parses a header field as an integer.
fn number(answer: &Response, name: &str) -> u64 {
    let value = answer.header(name).unwrap_or_else(|| panic!("no {name}: {answer:?}"));
    value.parse().expect("a whole number")
}

/// Returns the status of a request with this `X-Forwarded-For`.
fn forwarded(server: &TestServer, hops: &str) -> u16 {
    server.request("GET", "/").header("X-Forwarded-For", hops).send().status
}

#[test]
fn who_sends_more_than_the_limit_is_told_when_to_come_back() {
    let server = TestServer::with([("MCP_RATE_LIMIT", "5/minute")]).start();
    for used in 1..=5 {
        let answer = server.get("/api/v1/state");
        assert_eq!(answer.status, 200);
        assert_eq!(number(&answer, "ratelimit-limit"), 5);
        assert_eq!(number(&answer, "ratelimit-remaining"), 5 - used);
        assert!((1..=60).contains(&number(&answer, "ratelimit-reset")), "{answer:?}");
        assert_eq!(answer.header("retry-after"), None);
    }
    let answer = server.get("/api/v1/logs");
    assert_eq!(answer.status, 429);
    let wait = number(&answer, "retry-after");
    let wanted = json!({
        "error": "Rate limit exceeded: 5 per 1 minute",
        "retry_after": wait,
        "hint": format!("wait {wait} s; the server's operator can raise MCP_RATE_LIMIT_LOOPBACK"),
    });
    assert_eq!(answer.json(), wanted);
    assert_eq!(number(&answer, "ratelimit-limit"), 5);
    assert_eq!(number(&answer, "ratelimit-remaining"), 0);
    assert!((1..=12).contains(&number(&answer, "retry-after")), "{answer:?}");
    assert_eq!(answer.header("retry-after"), answer.header("ratelimit-reset"));
}

#[test]
fn every_unit_of_time_is_spelt_in_the_refusal() {
    for unit in ["second", "minute", "hour", "day"] {
        let server = TestServer::with([("MCP_RATE_LIMIT", &format!("1/{unit}"))]).start();
        let refused = (0..1000).map(|_| server.get("/")).find(|answer| answer.status != 200);
        let refused = refused.expect("a refusal");
        let wanted = format!("Rate limit exceeded: 1 per 1 {unit}");
        assert_eq!((refused.status, refused.json()["error"].as_str()), (429, Some(&*wanted)));
    }
}

#[test]
fn every_route_but_probes_counts_and_also_what_is_refused() {
    let settings = [("MCP_RATE_LIMIT", "8/day"), ("MCP_API_KEY", "k-12345")];
    let server = TestServer::with(settings).start();
    for (method, path, wanted) in [
        ("GET", "/", 200),
        ("GET", "/llms.txt", 200),
        ("GET", "/live", 200),
        ("HEAD", "/ready", 200),
        ("GET", "/docs", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/nope", 404),
        ("GET", "/api/v1/query", 405),
        ("POST", "/mcp/query", 401),
        ("GET", "/api/v2/status", 401),
        ("GET", "/", 429),
        ("POST", "/api/v1/query", 429),
        ("GET", "/nope", 429),
        ("DELETE", "/live", 429),
        ("GET", "/live/", 429),
        ("GET", "/live", 200),
        ("GET", "/ready", 200),
    ] {
        assert_eq!(server.request(method, path).send().status, wanted, "{method} {path}");
    }
}

#[test]
fn who_waits_as_long_as_was_said_is_served() {
    let server = TestServer::with([("MCP_RATE_LIMIT", "1/second")]).start();
    let refused = (0..1000).map(|_| server.get("/")).find(|answer| answer.status == 429);
    let wait = number(&refused.expect("a refusal"), "retry-after");
    assert_eq!(wait, 1);
    std::thread::sleep(std::time::Duration::from_secs(wait));
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn off_is_no_limit_and_no_word_of_one() {
    for off in ["off", "OFF"] {
        let server = TestServer::with([("MCP_RATE_LIMIT", off)]).start();
        for _ in 0..300 {
            let answer = server.get("/");
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("ratelimit-limit"), None);
        }
    }
}

#[test]
fn a_local_agent_has_a_higher_limit_and_clients_of_a_proxy_do_not() {
    let settings = [("MCP_RATE_LIMIT", ""), ("MCP_TRUSTED_PROXIES", "127.0.0.1")];
    let server = TestServer::with(settings).start();
    assert_eq!(number(&server.get("/"), "ratelimit-limit"), 6000);
    let forwarded = |client| server.request("GET", "/").header("X-Forwarded-For", client).send();
    assert_eq!(number(&forwarded("203.0.113.1"), "ratelimit-limit"), 100);
    assert_eq!(number(&forwarded("127.0.0.1, 203.0.113.2"), "ratelimit-limit"), 100);
    for (all, loopback, wanted) in [
        ("7/day", "", "7"),
        ("7/day", "9/day", "9"),
        ("", "9/day", "9"),
        ("7/day", "6000/minute", "6000"),
    ] {
        let settings = [("MCP_RATE_LIMIT", all), ("MCP_RATE_LIMIT_LOOPBACK", loopback)];
        let server = TestServer::with(settings).start();
        assert_eq!(server.get("/").header("ratelimit-limit"), Some(wanted), "{all} {loopback}");
    }
}

#[test]
fn a_probe_is_answered_whatever_the_callers_do() {
    let server = TestServer::with([("MCP_RATE_LIMIT", "1/day")]).start();
    assert_eq!(server.get("/").status, 200);
    assert_eq!(server.get("/").status, 429);
    let (live, ready) = (server.request("GET", "/live"), server.request("GET", "/ready"));
    for request in [live, ready] {
        let probes = [request.bytes(), request.bytes(), request.bytes()].concat();
        let mut connection = server.connect();
        connection.send(&probes);
        for _ in 0..3 {
            let answer = connection.response().expect("an answer");
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("ratelimit-limit"), None);
        }
    }
}

#[test]
fn a_stranger_cannot_say_that_he_is_somebody_else() {
    let server = TestServer::with([("MCP_RATE_LIMIT", "2/day")]).start();
    let answers = ["1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"].map(|it| forwarded(&server, it));
    assert_eq!(answers, [200, 200, 429, 429]);
    let other = server.request("GET", "/").header("Forwarded", "for=5.5.5.5");
    let other = other.header("X-Real-IP", "5.5.5.5").send();
    assert_eq!(other.status, 429);
}

#[test]
fn behind_a_listed_proxy_the_right_most_hop_that_is_none_counts() {
    let server = TestServer::with([
        ("MCP_RATE_LIMIT", "1/day"),
        ("MCP_TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8"),
    ])
    .start();
    for (hops, wanted) in [
        ("1.1.1.1", 200),
        ("1.1.1.1", 429),
        ("2.2.2.2", 200),
        // Addresses that the client sent itself are further left.
        ("9.9.9.9, 1.1.1.1", 429),
        ("1.1.1.1, 3.3.3.3", 200),
        ("4.4.4.4, 10.1.2.3", 200),
        ("4.4.4.4:1234, 10.3.2.1", 429),
        ("1.2.3.4, nonsense", 200),
        // Without an address the proxy itself counts.
        ("", 429),
    ] {
        assert_eq!(forwarded(&server, hops), wanted, "{hops}");
    }
}

#[test]
fn ipv6_clients_are_counted_by_their_network() {
    let server =
        TestServer::with([("MCP_RATE_LIMIT", "1/day"), ("MCP_TRUSTED_PROXIES", "127.0.0.1")])
            .start();
    for (hops, wanted) in [
        ("2001:db8:1:1::1", 200),
        ("2001:db8:1:1:ffff::2", 429),
        ("[2001:db8:1:1::3]:443", 429),
        ("2001:db8:1:2::1", 200),
        ("::ffff:7.7.7.7", 200),
        ("7.7.7.7", 429),
    ] {
        assert_eq!(forwarded(&server, hops), wanted, "{hops}");
    }
}

#[test]
fn a_flood_of_clients_does_not_free_the_one_that_was_refused() {
    let server =
        TestServer::with([("MCP_RATE_LIMIT", "1/day"), ("MCP_TRUSTED_PROXIES", "127.0.0.1")])
            .start();
    assert_eq!(forwarded(&server, "1.1.1.1"), 200);
    let mut connection = server.connect();
    for number in 0..5000_u32 {
        let [_, a, b, c] = number.to_be_bytes();
        let request = server.request("GET", "/");
        connection.send(&request.header("X-Forwarded-For", format!("20.{a}.{b}.{c}")).bytes());
        assert_eq!(connection.response().expect("an answer").status, 200);
    }
    assert_eq!(forwarded(&server, "1.1.1.1"), 429);
}
