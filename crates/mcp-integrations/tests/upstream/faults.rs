//! Faulty responses: each is a clear error.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use mcp_core::{ErrorCode, SystemClock};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::bodies::REPOSITORY;
use crate::raw::{Raw, Says};
use crate::rig::{GITHUB_TOKEN, Rig, Setup, call, json};

const LIMIT: usize = 1 << 20;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).expect("memory");
    encoder.finish().expect("memory")
}

fn gzipped(body: Vec<u8>) -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_raw(body, "application/json")
        .insert_header("content-encoding", "gzip")
}

#[tokio::test]
async fn what_is_not_the_json_that_was_asked_for_is_a_clear_error() {
    let page = "<!DOCTYPE html><html><title>Unicorn! · GitHub</title></html>";
    for (answer, message) in [
        (json(&REPOSITORY[..200]), "GitHub answered with truncated JSON"),
        (json(page), "GitHub answered with invalid JSON"),
        (json(""), "GitHub answered with an empty body where JSON was expected"),
        (ResponseTemplate::new(204), "GitHub answered with an empty body where JSON was expected"),
        (
            ResponseTemplate::new(200).set_body_raw(page, "text/html; charset=utf-8"),
            "GitHub answered with text/html where JSON was expected",
        ),
        (
            ResponseTemplate::new(200).set_body_raw(REPOSITORY, "text/plain"),
            "GitHub answered with text/plain where JSON was expected",
        ),
        (ResponseTemplate::new(304), "GitHub answered with the unexpected status 304"),
    ] {
        let rig = Rig::new().await;
        rig.answers_always(answer).await;
        assert_eq!(rig.refusal().await, (ErrorCode::UpstreamFailed, message.into()));
        assert_eq!(rig.requests().await, 1, "{message}");
    }
}

#[tokio::test]
async fn a_page_of_html_is_never_repeated_to_a_caller() {
    for (status, expected) in [(404, ErrorCode::UpstreamRefused), (500, ErrorCode::UpstreamFailed)]
    {
        let rig = Rig::new().await;
        let page = "<html><body>secret of a proxy</body></html>";
        rig.answers_always(ResponseTemplate::new(status).set_body_raw(page, "text/html")).await;
        let (code, message) = rig.refusal().await;
        assert_eq!(code, expected);
        assert!(!message.contains("proxy"), "{message}");
    }
}

#[tokio::test]
async fn a_message_is_cut_and_never_holds_the_token() {
    let rig = Rig::new().await;
    let message = format!("{GITHUB_TOKEN} is bad. {}", "ü".repeat(1000));
    let body = json!({"message": message, "errors": [{"code": "not told"}]});
    rig.answers_always(ResponseTemplate::new(401).set_body_json(body)).await;
    let (_, message) = rig.refusal().await;
    let told = message.strip_prefix("Request failed (401): ").expect("the usual start");
    assert_eq!(told.chars().count(), 500);
    assert!(told.starts_with("[redacted] is bad. ü"), "{told}");
}

#[tokio::test]
async fn compressed_answers_are_read() {
    let rig = Rig::new().await;
    rig.answers_always(gzipped(gzip(REPOSITORY.as_bytes()))).await;
    assert_eq!(rig.repository().await.expect("a repository")["id"], 1_296_269);
}

#[tokio::test]
async fn an_answer_over_the_limit_is_an_error_also_when_it_is_compressed() {
    let large = format!("\"{}\"", "a".repeat(64 * LIMIT));
    let bomb = gzip(large.as_bytes());
    assert!(bomb.len() < LIMIT / 8);
    for answer in [json(&large), gzipped(bomb)] {
        let rig = Rig::with(|setup| setup.http.body_limit = LIMIT).await;
        rig.answers_always(answer).await;
        let refusal = rig.refusal().await;
        let message = "GitHub's answer is larger than 1048576 bytes".into();
        assert_eq!(refusal, (ErrorCode::UpstreamFailed, message));
        assert_eq!(rig.requests().await, 1);
    }
}

#[tokio::test]
async fn a_large_refusal_is_told_without_its_message() {
    let rig = Rig::new().await;
    let body = json!({"message": "a".repeat(LIMIT)});
    rig.answers_always(ResponseTemplate::new(422).set_body_json(body)).await;
    let (code, message) = rig.refusal().await;
    let expected = "Request failed (422): Unprocessable Entity";
    assert_eq!((code, &*message), (ErrorCode::UpstreamRefused, expected));
}

/// Calls a mock server that sends these bytes. Returns the code, the message and the number of
/// requests.
async fn raw_refusal(answers: Vec<Says>, timeout: Duration) -> (ErrorCode, String, usize) {
    let raw = Raw::serve(answers).await;
    let mut setup = Setup::new(raw.base.as_str());
    setup.http.body_limit = LIMIT;
    setup.http.call_timeout = timeout;
    let dispatcher = setup.dispatcher(SystemClock::shared());
    let params = json!({"owner": "o", "repo": "r"});
    let error = call(&dispatcher, "github_get_repository", params).await.expect_err("a failure");
    (error.code, error.message, raw.requests())
}

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again() {
    let broken = Says::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"id\":".to_vec());
    let whole = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{REPOSITORY}",
        REPOSITORY.len()
    );
    let raw = Raw::serve(vec![Says::Bytes(Vec::new()), broken, Says::Bytes(whole.into())]).await;
    let dispatcher = Setup::new(raw.base.as_str()).dispatcher(SystemClock::shared());
    let params = json!({"owner": "o", "repo": "r"});
    let answer = call(&dispatcher, "github_get_repository", params).await.expect("a repository");
    assert_eq!(answer, REPOSITORY);
    assert_eq!(raw.requests(), 3);
}

#[tokio::test]
async fn a_connection_that_stays_broken_is_a_clear_error() {
    let (code, message, requests) = raw_refusal(vec![Says::Bytes(Vec::new())], LONG).await;
    assert_eq!((code, &*message), (ErrorCode::UpstreamFailed, "GitHub cannot be reached"));
    assert_eq!(requests, 3);

    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"id\":".to_vec();
    let (code, message, requests) = raw_refusal(vec![Says::Bytes(half)], LONG).await;
    let expected = "GitHub's answer broke off or cannot be decoded";
    assert_eq!((code, &*message), (ErrorCode::UpstreamFailed, expected));
    assert_eq!(requests, 3);
}

#[tokio::test]
async fn nobody_listening_is_a_clear_error() {
    let raw = Raw::serve(vec![Says::Start("")]).await;
    let base = raw.base.clone();
    drop(raw);
    let dispatcher = Setup::new(base).dispatcher(SystemClock::shared());
    let params = json!({"file_key": "k"});
    let error = call(&dispatcher, "figma_get_file", params).await.expect_err("a failure");
    assert_eq!(error.code, ErrorCode::UpstreamFailed);
    assert_eq!(error.message, "Figma cannot be reached");
}

#[tokio::test]
async fn an_endless_body_is_an_error() {
    let part = format!("2000\r\n{}\r\n", "[".repeat(0x2000)).into_bytes();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n";
    let (code, message, _) = raw_refusal(vec![Says::Endless { head, part }], LONG).await;
    let expected = "GitHub's answer is larger than 1048576 bytes";
    assert_eq!((code, &*message), (ErrorCode::UpstreamFailed, expected));
}

#[tokio::test]
async fn a_promise_of_too_much_is_an_error_before_it_is_kept() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";
    let (_, message, requests) = raw_refusal(vec![Says::Bytes(head.into())], LONG).await;
    assert_eq!(message, "GitHub's answer is larger than 1048576 bytes");
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn broken_compression_is_a_clear_error() {
    let rig = Rig::new().await;
    rig.answers_always(gzipped(b"this is not gzip".to_vec())).await;
    let (code, message) = rig.refusal().await;
    let expected = "GitHub's answer broke off or cannot be decoded";
    assert_eq!((code, &*message), (ErrorCode::UpstreamFailed, expected));
}

#[tokio::test]
async fn silence_ends_at_the_deadline_before_and_within_an_answer() {
    let short = Duration::from_millis(300);
    let half = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n[\r\n";
    for start in ["", half] {
        let (code, message, _) = raw_refusal(vec![Says::Start(start)], short).await;
        assert_eq!(code, ErrorCode::UpstreamTimeout);
        assert_eq!(message, "GitHub did not answer within 300ms");
    }
}

#[tokio::test]
async fn what_a_refusal_says_is_known_whatever_is_wrong_with_its_body() {
    let head = "HTTP/1.1 404 Not Found\r\ncontent-length: 500\r\n";
    let broken = format!("{head}\r\n{{\"message\":");
    let no_gzip = format!("{head}content-encoding: gzip\r\n\r\n{}", "x".repeat(500));
    for says in [
        Says::Bytes(broken.into()),
        Says::Bytes(no_gzip.into()),
        Says::Start("HTTP/1.1 404 Not Found\r\ncontent-length: 500\r\n\r\n{"),
    ] {
        let (code, message, requests) = raw_refusal(vec![says], LONG).await;
        assert_eq!(code, ErrorCode::UpstreamRefused);
        assert_eq!((&*message, requests), ("Request failed (404): Not Found", 1));
    }
    let limited = "HTTP/1.1 403 Forbidden\r\nretry-after: 90\r\ncontent-length: 500\r\n\r\n{";
    let (code, message, requests) = raw_refusal(vec![Says::Bytes(limited.into())], LONG).await;
    assert_eq!(code, ErrorCode::UpstreamRateLimited);
    assert_eq!((&*message, requests), ("Request failed (403): Forbidden; try again in 90 s", 1));
}
