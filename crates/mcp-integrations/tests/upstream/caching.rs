//! Cached responses are not requested twice.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use wiremock::matchers::{any, header, header_exists};
use wiremock::{Mock, Request, ResponseTemplate};

use crate::bodies::{FILE, REPOSITORY};
use crate::rig::{Rig, json};

const ETAG: &str = "W/\"644b5b0155e6404a9cc4bd9d8b1ae730\"";
const MODIFIED: &str = "Thu, 05 Jul 2012 15:31:30 GMT";

/// The mock server sends the resource once, and then only 304.
async fn answers_once(
    rig: &Rig,
    answer: ResponseTemplate,
    name: &'static str,
    value: &'static str,
) {
    let not_modified = ResponseTemplate::new(304).insert_header("etag", ETAG);
    Mock::given(move |request: &Request| request.headers.get(name).is_some_and(|v| v == value))
        .respond_with(not_modified)
        .mount(&rig.server)
        .await;
    Mock::given(any()).respond_with(answer).up_to_n_times(1).mount(&rig.server).await;
}

#[tokio::test]
async fn an_answer_is_asked_for_with_its_etag_and_a_304_gives_it_again() {
    let rig = Rig::new().await;
    let answer = json(REPOSITORY).insert_header("etag", ETAG);
    answers_once(&rig, answer, "if-none-match", ETAG).await;
    let first = rig.repository().await.expect("a repository");
    for _ in 0..3 {
        assert_eq!(rig.repository().await.expect("a repository"), first);
    }
    assert_eq!(rig.requests().await, 4);
}

#[tokio::test]
async fn without_an_etag_the_time_of_the_change_is_asked_with() {
    let rig = Rig::new().await;
    let answer = json(FILE).insert_header("last-modified", MODIFIED);
    answers_once(&rig, answer, "if-modified-since", MODIFIED).await;
    for _ in 0..2 {
        let file = rig.text("figma_get_file", json!({"file_key": "k"})).await.expect("a file");
        assert_eq!(file, FILE);
    }
    assert_eq!(rig.requests().await, 2);
}

#[tokio::test]
async fn a_fresh_answer_is_given_without_asking_until_it_is_stale() {
    let rig = Rig::new().await;
    let answer = json(REPOSITORY)
        .insert_header("etag", ETAG)
        .insert_header("cache-control", "private, max-age=60, s-maxage=60");
    answers_once(&rig, answer, "if-none-match", ETAG).await;
    for (advance, requests) in [(0, 1), (59, 1), (1, 2), (59, 2), (1, 3)] {
        rig.clock.advance(advance);
        rig.repository().await.expect("a repository");
        assert_eq!(rig.requests().await, requests);
    }
}

#[tokio::test]
async fn a_changed_answer_takes_the_place_of_the_kept_one() {
    let rig = Rig::new().await;
    let changed = r#"{"id":2}"#;
    rig.answers([
        (1, json(REPOSITORY).insert_header("etag", "\"1\"")),
        (1, json(changed).insert_header("etag", "\"2\"")),
    ])
    .await;
    Mock::given(header("if-none-match", "\"2\""))
        .respond_with(ResponseTemplate::new(304))
        .mount(&rig.server)
        .await;
    rig.repository().await.expect("a repository");
    for _ in 0..2 {
        assert_eq!(rig.repository().await.expect("a repository"), json!({"id": 2}));
    }
}

#[tokio::test]
async fn what_must_not_be_kept_is_not() {
    for answer in [
        json(REPOSITORY).insert_header("etag", ETAG).insert_header("cache-control", "no-store"),
        json(REPOSITORY),
    ] {
        let rig = Rig::new().await;
        Mock::given(header_exists("if-none-match"))
            .respond_with(ResponseTemplate::new(500))
            .mount(&rig.server)
            .await;
        rig.answers_always(answer).await;
        for requests in 1..=2 {
            rig.repository().await.expect("a repository");
            assert_eq!(rig.requests().await, requests);
        }
    }
}

#[tokio::test]
async fn a_failure_is_never_kept() {
    let rig = Rig::new().await;
    let refused = ResponseTemplate::new(404)
        .insert_header("etag", ETAG)
        .insert_header("cache-control", "max-age=60");
    rig.answers([(1, refused), (1, json(REPOSITORY))]).await;
    rig.repository().await.expect_err("a refusal");
    rig.repository().await.expect("a repository");
}

#[tokio::test]
async fn the_cache_is_as_large_and_as_old_as_the_settings_say() {
    for (bytes, time) in
        [(0, Duration::from_mins(1)), (100, Duration::from_mins(1)), (1 << 20, Duration::ZERO)]
    {
        let rig = Rig::with(|setup| {
            setup.http.cache_bytes = bytes;
            setup.http.cache_time = time;
        })
        .await;
        rig.answers_always(json(REPOSITORY).insert_header("cache-control", "max-age=60")).await;
        for requests in 1..=2 {
            rig.repository().await.expect("a repository");
            assert_eq!(rig.requests().await, requests, "{bytes} {time:?}");
        }
    }
}

#[tokio::test]
async fn equal_calls_at_the_same_time_are_one_request_and_others_are_not() {
    let rig = Rig::new().await;
    let answer = json(r#"{"total_count":0,"incomplete_results":false,"items":[]}"#);
    rig.answers_always(answer.set_delay(Duration::from_millis(50))).await;
    let search = |query: &'static str| rig.call("github_search_issues", json!({"query": query}));
    let calls = (0..20).map(|number| search(if number % 2 == 0 { "a" } else { "b" }));
    for answer in join_all(calls).await {
        assert_eq!(answer, json!({"total": 0, "incomplete_results": false, "items": []}));
    }
    assert_eq!(rig.requests().await, 2);
}

#[tokio::test]
async fn who_asks_together_fails_together() {
    let rig = Rig::new().await;
    let refused = ResponseTemplate::new(404).set_delay(Duration::from_millis(50));
    rig.answers_always(refused).await;
    let failures = join_all((0..5).map(|_| rig.refusal())).await;
    assert!(failures.iter().all(|(_, message)| message == "Request failed (404): Not Found"));
    assert_eq!(rig.requests().await, 1);
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_no_answer_from_the_others() {
    let rig = Rig::new().await;
    rig.answers_always(json(REPOSITORY).set_delay(Duration::from_millis(50))).await;
    let (first, second) = (rig.repository(), rig.repository());
    let mut first = Box::pin(first);
    let mut second = Box::pin(second);
    // Both are in flight, and the first drives the request. Then it is dropped.
    assert!(futures_util::poll!(first.as_mut()).is_pending());
    assert!(futures_util::poll!(second.as_mut()).is_pending());
    drop(first);
    second.await.expect("a repository");
    assert_eq!(rig.requests().await, 1);
}
