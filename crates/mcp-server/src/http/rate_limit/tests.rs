//! Rates are per day, so that no request comes back during a test.

use std::num::NonZeroU32;

use actix_web::http::header::HeaderMap;
use actix_web::middleware::from_fn;
use actix_web::{App, test, web};
use serde_json::Value;

use super::*;
use crate::config::{Rate, RateUnit as Unit};

fn rate(requests: u32, unit: Unit) -> Rate {
    Rate { count: NonZeroU32::new(requests).unwrap(), unit }
}

/// Returns a limit for all clients, including those on this machine.
fn limit(rate: Rate, trusted: &[&str]) -> RateLimit {
    let trusted = trusted.iter().map(|net| net.parse().unwrap()).collect();
    let rate = config::RateLimit::Per(rate);
    RateLimit::new(rate, rate, trusted)
}

/// Returns the response to a request from `peer` with this `X-Forwarded-For`.
async fn ask(limit: &RateLimit, peer: &str, forwarded: &str) -> (u16, HeaderMap, String) {
    ask_for("/", limit, peer, forwarded).await
}

async fn ask_for(
    path: &str,
    limit: &RateLimit,
    peer: &str,
    forwarded: &str,
) -> (u16, HeaderMap, String) {
    let app = test::init_service(
        App::new()
            .wrap(limit.clone())
            .wrap(from_fn(rename_headers))
            .route("/", web::get().to(async || "ok"))
            .route("/live", web::get().to(async || "live"))
            .route("/ready", web::get().to(async || "ready")),
    )
    .await;
    let peer = std::net::SocketAddr::new(peer.parse().unwrap(), 4321);
    let mut request = test::TestRequest::get().uri(path).peer_addr(peer);
    if !forwarded.is_empty() {
        request = request.insert_header(("X-Forwarded-For", forwarded));
    }
    let request = request.to_request();
    let answer = test::call_service(&app, request).await;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = test::read_body(answer).await;
    (status, headers, String::from_utf8(body.to_vec()).unwrap())
}

async fn status(limit: &RateLimit, peer: &str, forwarded: &str) -> u16 {
    ask(limit, peer, forwarded).await.0
}

fn number(headers: &HeaderMap, name: &str) -> u64 {
    headers.get(name).unwrap().to_str().unwrap().parse().unwrap()
}

#[actix_web::test]
async fn the_sixth_of_five_is_refused() {
    let limit = limit(rate(5, Unit::Day), &[]);
    for remaining in (0..5).rev() {
        let (status, headers, body) = ask(&limit, "192.0.2.1", "").await;
        assert_eq!((status, body.as_str()), (200, "ok"));
        assert_eq!(number(&headers, "ratelimit-limit"), 5);
        assert_eq!(number(&headers, "ratelimit-remaining"), remaining);
        assert_eq!(number(&headers, "ratelimit-reset"), (5 - remaining) * 24 * 3600 / 5);
        assert!(!headers.contains_key(header::RETRY_AFTER));
    }
    let (status, headers, body) = ask(&limit, "192.0.2.1", "").await;
    assert_eq!(status, 429);
    assert_eq!(headers.get(header::CONTENT_TYPE).unwrap(), "application/json");
    let body: Value = serde_json::from_str(&body).unwrap();
    let wait = number(&headers, "retry-after");
    let wanted = json!({
        "error": "Rate limit exceeded: 5 per 1 day",
        "retry_after": wait,
        "hint": format!("wait {wait} s; the server's operator can raise MCP_RATE_LIMIT"),
    });
    assert_eq!(body, wanted);
    assert_eq!(number(&headers, "ratelimit-limit"), 5);
    assert_eq!(number(&headers, "ratelimit-remaining"), 0);
    assert!((1..=24 * 3600 / 5).contains(&wait), "{wait}");
    assert_eq!(number(&headers, "ratelimit-reset"), wait);
    let foreign = |name: &&HeaderName| name.as_str().starts_with("x-ratelimit");
    assert_eq!(headers.keys().find(foreign), None, "one set of names is sent");
}

#[actix_web::test]
async fn a_bucket_for_each_client() {
    let limit = limit(rate(1, Unit::Day), &["10.0.0.0/8"]);
    assert_eq!(status(&limit, "192.0.2.1", "").await, 200);
    assert_eq!(status(&limit, "192.0.2.1", "192.0.2.9").await, 429, "a stranger's claim");
    assert_eq!(status(&limit, "192.0.2.2", "").await, 200);
    assert_eq!(status(&limit, "10.0.0.1", "203.0.113.1").await, 200);
    assert_eq!(status(&limit, "10.0.0.2", "6.6.6.6, 203.0.113.1").await, 429);
    assert_eq!(status(&limit, "10.0.0.2", "192.0.2.2").await, 429);
    assert_eq!(status(&limit, "2001:db8::1", "").await, 200);
    assert_eq!(status(&limit, "2001:db8::ffff:1", "").await, 429, "the same /64");
    assert_eq!(status(&limit, "2001:db8:0:1::1", "").await, 200);
}

#[actix_web::test]
async fn clients_on_this_machine_have_their_own_limit() {
    let (few, more) = (rate(1, Unit::Day), rate(3, Unit::Day));
    let [few, more] = [few, more].map(config::RateLimit::Per);
    let limit = RateLimit::new(few, more, vec!["127.0.0.9/32".parse::<IpNet>().unwrap()]);
    for peer in ["127.0.0.1", "::1", "::ffff:127.0.0.2"] {
        for wanted in [200, 200, 200, 429] {
            let (status, headers, body) = ask(&limit, peer, "").await;
            assert_eq!((status, number(&headers, "ratelimit-limit")), (wanted, 3), "{peer}");
            assert_eq!(body.contains("MCP_RATE_LIMIT_LOOPBACK"), wanted == 429, "{body}");
        }
    }
    // A request that a proxy on this machine forwards has the limit of its client.
    assert_eq!(status(&limit, "127.0.0.9", "203.0.113.1").await, 200);
    let (status_2, _, body) = ask(&limit, "127.0.0.9", "203.0.113.1").await;
    assert_eq!(status_2, 429);
    assert!(body.contains("raise MCP_RATE_LIMIT\""), "{body}");
    // A client that pretends to be this machine, behind the proxy and without it.
    assert_eq!(status(&limit, "127.0.0.9", "127.0.0.1, 203.0.113.1").await, 429);
    assert_eq!(status(&limit, "192.0.2.1", "127.0.0.1").await, 200);
    assert_eq!(status(&limit, "192.0.2.1", "127.0.0.1").await, 429);
    // A proxy that is not trusted: all of its clients together have one client's limit.
    assert_eq!(status(&limit, "127.0.0.3", "203.0.113.2").await, 200);
    assert_eq!(status(&limit, "127.0.0.3", "203.0.113.3").await, 429);
    // Off for this machine alone.
    let limit = RateLimit::new(few, config::RateLimit::Off, Vec::new());
    for _ in 0..5 {
        assert_eq!(status(&limit, "127.0.0.1", "").await, 200);
    }
    assert_eq!(status(&limit, "192.0.2.1", "").await, 200);
    assert_eq!(status(&limit, "192.0.2.1", "").await, 429);
}

#[actix_web::test]
async fn probes_do_not_count() {
    let limit = limit(rate(1, Unit::Day), &[]);
    for peer in ["192.0.2.1", "127.0.0.1"] {
        for round in 0..3 {
            for path in ["/live", "/ready"] {
                let (status, headers, _) = ask_for(path, &limit, peer, "").await;
                assert_eq!(status, 200, "{peer} {path}");
                assert!(!headers.contains_key("ratelimit-limit"), "{peer} {path}");
            }
            let wanted = if round == 0 { 200 } else { 429 };
            assert_eq!(status(&limit, peer, "").await, wanted, "{peer}");
        }
    }
}

#[actix_web::test]
async fn off_counts_nothing() {
    let limit = RateLimit::new(config::RateLimit::Off, config::RateLimit::Off, Vec::new());
    for _ in 0..10 {
        let (status, headers, _) = ask(&limit, "192.0.2.1", "").await;
        assert_eq!(status, 200);
        assert!(!headers.contains_key("ratelimit-limit"));
    }
}

#[actix_web::test]
async fn every_rate_that_can_be_written_works() {
    for unit in [Unit::Second, Unit::Minute, Unit::Hour, Unit::Day] {
        for requests in [1, 7, 100, 1_000_000_007, u32::MAX] {
            let limit = limit(rate(requests, unit), &[]);
            let (status, headers, _) = ask(&limit, "192.0.2.1", "").await;
            assert_eq!(status, 200);
            assert_eq!(number(&headers, "ratelimit-limit"), u64::from(requests));
            assert_eq!(number(&headers, "ratelimit-remaining"), u64::from(requests) - 1);
            assert!(number(&headers, "ratelimit-reset") >= 1);
        }
    }
}

#[actix_web::test]
async fn a_flood_of_addresses_leaves_a_bounded_table() {
    let limit = limit(rate(1, Unit::Day), &[]);
    let (ByClient(clients), config) = &limit.remote;
    let limiter = config.limiter();
    for number in 0..300_000_u32 {
        let bucket = clients.bucket(Some(IpAddr::V4(number.into())));
        let _ = limiter.check_key(&Some(bucket));
    }
    let bound = usize::try_from(MAX_CLIENTS).unwrap() + 1;
    assert_eq!(limiter.len(), bound, "a bucket for each client, and the shared one");
    assert_eq!(clients.bucket(None), SHARED);
}

#[actix_web::test]
async fn a_wait_is_rounded_up() {
    for (milliseconds, wanted) in [(0, 1), (1, 1), (999, 1), (1000, 1), (1001, 2), (12_000, 12)] {
        assert_eq!(seconds(Duration::from_millis(milliseconds)), wanted, "{milliseconds} ms");
    }
}
