//! The proxy of the environment. The HTTP libraries read the environment when the client is
//! created, so this test runs its program again in a process of its own.

use std::process::Command;

use mcp_core::SystemClock;
use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

use crate::bodies::{FILE, REPOSITORY};
use crate::rig::{Setup, call, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_of_the_environment_is_used() {
    for (test, body) in [("proxy::asks_github", REPOSITORY), ("proxy::asks_figma", FILE)] {
        let proxy = MockServer::start().await;
        Mock::given(any()).respond_with(json(body)).mount(&proxy).await;
        let mut child = Command::new(std::env::current_exe().expect("this program"));
        child
            .args([test, "--exact", "--ignored"])
            .env("HTTP_PROXY", proxy.uri())
            .env_remove("http_proxy")
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .env_remove("REQUEST_METHOD");
        let output = tokio::task::spawn_blocking(move || child.output()).await.expect("no panic");
        let output = output.expect("this program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let requests = proxy.received_requests().await.expect("requests are recorded");
        assert_eq!(requests.len(), 1, "{test}");
        assert_eq!(requests[0].headers["host"], "upstream.invalid");
    }
}

async fn ask(action: &str, params: serde_json::Value) -> String {
    let dispatcher = Setup::new("http://upstream.invalid").dispatcher(SystemClock::shared());
    call(&dispatcher, action, params).await.expect(action)
}

#[tokio::test]
#[ignore = "needs a proxy in its environment: the_proxy_of_the_environment_is_used runs it"]
async fn asks_github() {
    let answer = ask("github_get_repository", json!({"owner": "o", "repo": "r"})).await;
    assert_eq!(answer, REPOSITORY);
}

#[tokio::test]
#[ignore = "needs a proxy in its environment: the_proxy_of_the_environment_is_used runs it"]
async fn asks_figma() {
    assert_eq!(ask("figma_get_file", json!({"file_key": "k"})).await, FILE);
}
