//! Redirects, and the token that must not follow them.

use mcp_core::ErrorCode;
use serde_json::json;
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::bodies::{FILE, REPOSITORY};
use crate::rig::{Rig, json};

const REPOSITORY_PATH: &str = "/repos/octocat/Hello-World";

fn to(status: u16, location: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).insert_header("location", location)
}

#[tokio::test]
async fn a_moved_repository_is_followed_on_the_same_host_with_the_token() {
    for status in [301, 302, 307, 308] {
        let rig = Rig::new().await;
        let moved = format!("{}/repositories/1296269", rig.server.uri());
        let location = if status == 302 { "/repositories/1296269" } else { &moved };
        Mock::given(path(REPOSITORY_PATH))
            .respond_with(to(status, location))
            .mount(&rig.server)
            .await;
        Mock::given(path("/repositories/1296269"))
            .and(wiremock::matchers::header_exists("authorization"))
            .respond_with(json(REPOSITORY))
            .mount(&rig.server)
            .await;
        assert_eq!(rig.repository().await.expect("a repository")["id"], 1_296_269, "{status}");
    }
}

#[tokio::test]
async fn no_more_than_five_redirects_are_followed() {
    for (redirects, answered) in [(5, true), (6, false)] {
        let rig = Rig::new().await;
        for step in 0..redirects {
            let from = if step == 0 { REPOSITORY_PATH.into() } else { format!("/{step}") };
            let next = format!("/{}", step + 1);
            Mock::given(path(from)).respond_with(to(302, &next)).mount(&rig.server).await;
        }
        let last = format!("/{redirects}");
        Mock::given(path(last)).respond_with(json(REPOSITORY)).mount(&rig.server).await;
        let result = rig.repository().await;
        assert_eq!(result.is_ok(), answered, "{redirects}");
        assert_eq!(rig.requests().await, 6);
    }
}

#[tokio::test]
async fn another_host_is_never_asked() {
    let other = MockServer::start().await;
    Mock::given(any()).respond_with(json(FILE)).mount(&other).await;
    let port = other.address().port();
    for location in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("//127.0.0.1:{port}/"),
        format!("http://user:word@127.0.0.1:{port}/"),
    ] {
        for (action, params) in [
            ("github_get_repository", json!({"owner": "o", "repo": "r"})),
            ("figma_get_file", json!({"file_key": "k"})),
        ] {
            let rig = Rig::new().await;
            rig.answers_always(to(302, &location)).await;
            let error = rig.text(action, params).await.expect_err("a refusal");
            assert_eq!(error.code, ErrorCode::UpstreamFailed);
            assert!(
                error.message.ends_with(" redirects to another host or too often"),
                "{}",
                error.message
            );
            assert_eq!(rig.requests().await, 1);
        }
    }
    assert!(other.received_requests().await.expect("requests are recorded").is_empty());
}

#[tokio::test]
async fn another_scheme_is_never_followed() {
    let rig = Rig::new().await;
    let location = rig.server.uri().replace("http://", "https://");
    rig.answers_always(to(302, &location)).await;
    let (code, _) = rig.refusal().await;
    assert_eq!(code, ErrorCode::UpstreamFailed);
}
