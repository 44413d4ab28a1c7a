//! A used-up rate limit is remembered until it ends, on the rig's clock.

use std::time::Duration;

use mcp_core::{ActionError, ErrorCode};
use serde_json::json;
use wiremock::ResponseTemplate;
use wiremock::matchers::{any, path};
use wiremock::{Mock, Times};

use crate::bodies::{COMPONENTS, FILE, FOUND_ISSUES, REPOSITORY};
use crate::rig::{EPOCH_SECONDS, Rig, json};

fn status(number: u16) -> ResponseTemplate {
    ResponseTemplate::new(number)
}

fn said(number: u16, message: &str) -> ResponseTemplate {
    status(number).set_body_json(json!({"message": message}))
}

/// Returns the headers of a resource that is used up for this many seconds.
fn used_up(answer: ResponseTemplate, resource: &str, seconds: i64) -> ResponseTemplate {
    answer
        .insert_header("x-ratelimit-remaining", "0")
        .insert_header("x-ratelimit-reset", (EPOCH_SECONDS + seconds).to_string().as_str())
        .insert_header("x-ratelimit-resource", resource)
}

async fn searched(rig: &Rig) -> Result<String, ActionError> {
    rig.text("github_search_issues", json!({"query": "parser"})).await
}

fn is_refused<T: std::fmt::Debug>(result: Result<T, ActionError>, seconds: u64) -> String {
    let error = result.expect_err("a used-up rate limit");
    assert_eq!(error.code, ErrorCode::UpstreamRateLimited, "{error}");
    assert_eq!(error.retry_after, Some(Duration::from_secs(seconds)), "{error}");
    assert!(error.message.ends_with(&format!("; try again in {seconds} s")), "{error}");
    error.message
}

#[tokio::test]
async fn a_success_that_was_the_last_one_stops_the_next_call_until_the_reset() {
    let rig = Rig::new().await;
    rig.answers([(1, used_up(json(REPOSITORY), "core", 90)), (1, json(REPOSITORY))]).await;
    rig.repository().await.expect("a repository");
    let message = is_refused(rig.repository().await, 90);
    assert_eq!(message, "GitHub's rate limit for core is used up; try again in 90 s");
    rig.clock.advance(89);
    is_refused(rig.repository().await, 1);
    assert_eq!(rig.requests().await, 1);
    rig.clock.advance(1);
    rig.repository().await.expect("a repository");
    assert_eq!(rig.requests().await, 2);
}

#[tokio::test]
async fn a_refusal_is_remembered_for_as_long_as_it_says_and_at_least_a_minute() {
    let secondary = "You have exceeded a secondary rate limit.";
    let abuse = "You have triggered an abuse detection mechanism. Please wait a few minutes.";
    for (answer, seconds) in [
        (used_up(said(403, "API rate limit exceeded"), "core", 3), 3),
        (used_up(status(429), "core", 3000), 3000),
        (status(429), 60),
        (status(429).insert_header("x-ratelimit-remaining", "12"), 60),
        (said(403, secondary), 60),
        (said(403, abuse), 60),
        (said(403, abuse).insert_header("retry-after", "396000"), 396_000),
        (status(429).insert_header("retry-after", "Tue, 14 Nov 2023 22:15:00 GMT"), 100),
    ] {
        let rig = Rig::new().await;
        rig.answers([(1, answer), (1, json(REPOSITORY))]).await;
        for _ in 0..3 {
            is_refused(rig.repository().await, seconds);
        }
        rig.clock.advance(i64::try_from(seconds).expect("a few") - 1);
        is_refused(rig.repository().await, 1);
        assert_eq!(rig.requests().await, 1, "{seconds}");
        rig.clock.advance(1);
        rig.repository().await.expect("a repository");
    }
}

#[tokio::test]
async fn a_used_up_search_does_not_stop_other_calls_and_the_other_way_round() {
    let limits = [("/search/issues", "search"), ("/repos/octocat/Hello-World", "core")];
    for (limited, resource) in limits {
        let rig = Rig::new().await;
        Mock::given(path(limited))
            .respond_with(used_up(status(403), resource, 90))
            .expect(1)
            .mount(&rig.server)
            .await;
        for (other, body) in [(limits[0].0, FOUND_ISSUES), (limits[1].0, REPOSITORY)] {
            let times: Times = if other == limited { 0.into() } else { 2.into() };
            let mock = Mock::given(path(other)).respond_with(json(body));
            mock.expect(times).mount(&rig.server).await;
        }
        for _ in 0..2 {
            assert_eq!(searched(&rig).await.is_ok(), resource != "search");
            assert_eq!(rig.repository().await.is_ok(), resource != "core");
        }
    }
}

#[tokio::test]
async fn a_secondary_limit_stops_every_call_of_the_account() {
    let rig = Rig::new().await;
    rig.answers([(1, said(403, "You have exceeded a secondary rate limit"))]).await;
    is_refused(searched(&rig).await, 60);
    is_refused(rig.repository().await, 60);
    assert_eq!(rig.requests().await, 1);
}

#[tokio::test]
async fn a_fresh_answer_from_the_cache_is_given_while_the_limit_lasts() {
    let rig = Rig::new().await;
    let answer = json(REPOSITORY)
        .insert_header("etag", "\"1\"")
        .insert_header("cache-control", "private, max-age=60");
    rig.answers_always(used_up(answer, "core", 90)).await;
    rig.repository().await.expect("a repository");
    rig.clock.advance(59);
    rig.repository().await.expect("it is fresh");
    rig.clock.advance(1);
    is_refused(rig.repository().await, 30);
    assert_eq!(rig.requests().await, 1);
}

#[tokio::test]
async fn a_limit_of_figmas_files_is_told_as_it_is_and_leaves_components_alone() {
    let rig = Rig::new().await;
    Mock::given(path("/v1/files/k"))
        .respond_with(status(429).insert_header("retry-after", "396000"))
        .up_to_n_times(1)
        .mount(&rig.server)
        .await;
    Mock::given(path("/v1/files/k")).respond_with(json(FILE)).mount(&rig.server).await;
    Mock::given(path("/v1/files/k/components"))
        .respond_with(json(COMPONENTS))
        .mount(&rig.server)
        .await;
    let file = async || rig.text("figma_get_file", json!({"file_key": "k"})).await;
    let nodes = json!({"file_key": "k", "node_ids": "1:2"});
    is_refused(file().await, 396_000);
    is_refused(file().await, 396_000);
    is_refused(rig.text("figma_get_nodes", nodes).await, 396_000);
    rig.call("figma_get_components", json!({"file_key": "k"})).await;
    rig.clock.advance(396_000);
    file().await.expect("a file");
}

#[tokio::test]
async fn calls_that_wait_for_their_turn_are_refused_when_the_limit_is_met() {
    let rig = Rig::with(|setup| setup.http.concurrency = 1).await;
    let limited = used_up(status(403), "core", 90).set_delay(Duration::from_millis(50));
    Mock::given(any()).respond_with(limited).mount(&rig.server).await;
    let calls = (0..20).map(|number| {
        let params = json!({"owner": "o", "repo": format!("r{number}")});
        rig.text("github_get_repository", params)
    });
    for result in futures_util::future::join_all(calls).await {
        is_refused(result, 90);
    }
    assert_eq!(rig.requests().await, 1);
}
