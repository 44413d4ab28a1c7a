//! The number of attempts and their deadline. The waits between attempts are tested in `retry.rs`,
//! on a paused clock.

use std::time::Duration;

use mcp_core::{ErrorCode, SystemClock};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::bodies::{FILE, REPOSITORY};
use crate::raw::{Raw, Says};
use crate::rig::{EPOCH_SECONDS, Rig, Setup, call, json};

fn status(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status)
}

fn github_message(number: u16, message: &str) -> ResponseTemplate {
    status(number).set_body_json(json!({"message": message}))
}

#[tokio::test]
async fn what_passes_is_tried_three_times() {
    for number in [502, 503, 504] {
        let rig = Rig::new().await;
        rig.answers([(2, status(number)), (1, json(REPOSITORY))]).await;
        rig.repository().await.expect("a repository");
        assert_eq!(rig.requests().await, 3, "{number}");

        let rig = Rig::new().await;
        rig.answers([(3, status(number)), (1, json(REPOSITORY))]).await;
        rig.repository().await.expect_err("a failure");
        assert_eq!(rig.requests().await, 3, "{number}");
    }
}

#[tokio::test]
async fn what_stays_is_tried_once() {
    for number in [400, 401, 403, 404, 422, 451, 500, 501] {
        let rig = Rig::new().await;
        rig.answers_always(status(number)).await;
        let (code, _) = rig.refusal().await;
        let expected =
            if number < 500 { ErrorCode::UpstreamRefused } else { ErrorCode::UpstreamFailed };
        assert_eq!(code, expected, "{number}");
        assert_eq!(rig.requests().await, 1, "{number}");
    }
}

#[tokio::test]
async fn a_failure_of_the_other_system_is_a_bad_gateway_with_its_message() {
    let rig = Rig::new().await;
    rig.answers_always(github_message(503, "No server is currently available")).await;
    let (code, message) = rig.refusal().await;
    assert_eq!(
        (code.row().status, &*message),
        (502, "Request failed (503): No server is currently available")
    );
}

#[tokio::test]
async fn retry_after_within_the_deadline_is_waited_for() {
    let rig = Rig::new().await;
    let limited = status(429).insert_header("retry-after", "0");
    rig.answers([(1, limited), (1, json(FILE))]).await;
    rig.call("figma_get_file", json!({"file_key": "k"})).await;
    assert_eq!(rig.requests().await, 2);
}

#[tokio::test]
async fn a_rate_limit_that_outlasts_the_deadline_is_told_at_once_with_its_end() {
    let reset = (EPOCH_SECONDS + 1234).to_string();
    let used_up = |number| {
        github_message(number, "API rate limit exceeded for 127.0.0.1.")
            .insert_header("x-ratelimit-remaining", "0")
            .insert_header("x-ratelimit-reset", reset.as_str())
    };
    for (answer, seconds) in [
        (used_up(403), 1234),
        (used_up(429), 1234),
        (github_message(403, "Slow down").insert_header("retry-after", "90"), 90),
        (github_message(429, "Slow down").insert_header("retry-after", "90"), 90),
        (
            github_message(429, "Slow down")
                .insert_header("retry-after", "Tue, 14 Nov 2023 22:15:00 GMT"),
            100,
        ),
        (github_message(403, "You have exceeded a secondary rate limit."), 60),
    ] {
        let rig = Rig::new().await;
        rig.answers_always(answer).await;
        let error = rig.repository().await.expect_err("a rate limit");
        assert_eq!(error.code, ErrorCode::UpstreamRateLimited);
        assert_eq!(error.code.row().status, 429);
        assert_eq!(error.retry_after, Some(Duration::from_secs(seconds)));
        assert!(error.message.starts_with("Request failed (4"), "{}", error.message);
        assert_eq!(rig.requests().await, 1);
    }
}

#[tokio::test]
async fn a_rate_limit_of_unknown_length_is_a_minute_and_not_tried_again() {
    let rig = Rig::new().await;
    rig.answers_always(status(429)).await;
    let error = rig.repository().await.expect_err("a rate limit");
    assert_eq!(error.code, ErrorCode::UpstreamRateLimited);
    assert_eq!(error.message, "Request failed (429): Too Many Requests; try again in 60 s");
    assert_eq!(error.retry_after, Some(Duration::from_mins(1)));
    assert_eq!(rig.requests().await, 1);
}

#[tokio::test]
async fn the_whole_call_has_a_deadline() {
    let rig = Rig::with(|setup| setup.http.call_timeout = Duration::from_millis(200)).await;
    rig.answers_always(json(REPOSITORY).set_delay(Duration::from_mins(1))).await;
    let (code, message) = rig.refusal().await;
    assert_eq!(code, ErrorCode::UpstreamTimeout);
    assert_eq!(message, "GitHub did not answer within 200ms");
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_the_settings_say() {
    let raw = Raw::serve(vec![Says::Start("")]).await;
    let mut setup = Setup::new(raw.base.as_str());
    setup.http.concurrency = 1;
    let dispatcher = setup.dispatcher(SystemClock::shared());
    let file = |key| Box::pin(call(&dispatcher, "figma_get_file", json!({"file_key": key})));
    let (mut first, mut second) = (file("a"), file("b"));
    let a_while = async {
        raw.has_requests(1).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    // Neither gets a response. The second waits for a permit until the first is gone.
    tokio::select! {
        biased;
        _ = &mut first => panic!("nobody answers"),
        _ = &mut second => panic!("nobody answers"),
        () = a_while => assert_eq!(raw.requests(), 1),
    }
    drop(first);
    tokio::select! {
        _ = &mut second => panic!("nobody answers"),
        () = raw.has_requests(2) => {}
    }
}

#[tokio::test]
async fn a_system_that_does_not_answer_holds_up_no_other_one() {
    let raw = Raw::serve(vec![Says::Start("")]).await;
    let mut setup = Setup::new(raw.base.as_str());
    setup.http.concurrency = 1;
    let dispatcher = setup.dispatcher(SystemClock::shared());
    let file = call(&dispatcher, "figma_get_file", json!({"file_key": "a"}));
    let params = json!({"owner": "o", "repo": "r"});
    let repository = call(&dispatcher, "github_get_repository", params);
    // Both are requested, although neither gets a response.
    tokio::select! {
        _ = file => panic!("nobody answers"),
        _ = repository => panic!("nobody answers"),
        () = raw.has_requests(2) => {}
    }
}
