//! The five GitHub actions: their requests and their results.

use mcp_core::ErrorCode;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::bodies::{FOUND_ISSUES, FOUND_REPOSITORIES, ISSUES, NOT_FOUND, PULLS, REPOSITORY};
use crate::rig::{GITHUB_TOKEN, Rig, json};

/// Calls an action. Returns its result as text, and the path and query that the mock server
/// received.
async fn asked(action: &str, params: Value, body: &str) -> (String, String) {
    let rig = Rig::new().await;
    rig.answers_always(json(body)).await;
    let answer = rig.text(action, params).await.expect(action);
    let requests = rig.server.received_requests().await.expect("requests are recorded");
    let [request] = &requests[..] else { panic!("one request, not {}", requests.len()) };
    assert_eq!(request.method, "GET");
    assert!(request.body.is_empty());
    let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
    (answer, format!("{}{query}", request.url.path()))
}

fn items(body: &str) -> &str {
    let start = body.find("\"items\":").expect("items") + "\"items\":".len();
    &body[start..body.len() - 1]
}

#[tokio::test]
async fn a_search_of_repositories_gives_the_total_and_githubs_own_items() {
    let params = json!({
        "query": "tetris language:assembly", "sort": "help-wanted-issues", "order": "desc",
        "per_page": 100, "page": 3,
    });
    let (answer, sent) = asked("github_search_repositories", params, FOUND_REPOSITORIES).await;
    assert_eq!(
        answer,
        format!(
            r#"{{"total":40,"incomplete_results":false,"items":{}}}"#,
            items(FOUND_REPOSITORIES)
        )
    );
    assert_eq!(
        sent,
        "/search/repositories?q=tetris+language%3Aassembly&sort=help-wanted-issues&order=desc\
         &per_page=100&page=3"
    );
}

#[tokio::test]
async fn a_search_of_issues_gives_the_total_and_githubs_own_items() {
    let params = json!({"query": "is:issue \"a&b\"", "sort": "reactions-+1", "order": null});
    let (answer, sent) = asked("github_search_issues", params, FOUND_ISSUES).await;
    assert_eq!(
        answer,
        format!(r#"{{"total":280,"incomplete_results":false,"items":{}}}"#, items(FOUND_ISSUES))
    );
    assert_eq!(
        sent,
        "/search/issues?q=is%3Aissue+%22a%26b%22&sort=reactions-%2B1&per_page=10&page=1"
    );
}

#[tokio::test]
async fn a_repository_is_githubs_json_byte_for_byte() {
    let params = json!({"owner": "octocat", "repo": "Hello-World"});
    let (answer, sent) = asked("github_get_repository", params, REPOSITORY).await;
    assert_eq!(answer, REPOSITORY);
    assert_eq!(sent, "/repos/octocat/Hello-World");
}

#[tokio::test]
async fn a_list_of_issues_is_githubs_own_items() {
    let params = json!({"owner": "octocat", "repo": "Hello-World"});
    let (answer, sent) = asked("github_list_issues", params, ISSUES).await;
    assert_eq!(answer, format!(r#"{{"items":{ISSUES}}}"#));
    assert_eq!(sent, "/repos/octocat/Hello-World/issues?state=open&per_page=10&page=1");
}

#[tokio::test]
async fn a_list_of_pull_requests_is_githubs_own_items() {
    let params =
        json!({"owner": "octocat", "repo": "a b", "state": "all", "per_page": 1, "page": 2});
    let (answer, sent) = asked("github_list_pulls", params, PULLS).await;
    assert_eq!(answer, format!(r#"{{"items":{PULLS}}}"#));
    assert_eq!(sent, "/repos/octocat/a%20b/pulls?state=all&per_page=1&page=2");
}

#[tokio::test]
async fn a_request_says_who_asks_and_for_what() {
    for token in [Some(GITHUB_TOKEN), None] {
        let rig = Rig::with(|setup| setup.github_token = token).await;
        rig.answers_always(json(REPOSITORY)).await;
        rig.repository().await.expect("a repository");
        let requests = rig.server.received_requests().await.expect("requests are recorded");
        let header = |name: &str| requests[0].headers.get(name)?.to_str().ok();
        assert_eq!(header("accept"), Some("application/vnd.github+json"));
        assert_eq!(header("x-github-api-version"), Some("2022-11-28"));
        assert_eq!(header("user-agent"), Some("mcp-server/1.0.0"));
        assert_eq!(header("accept-encoding"), Some("gzip"));
        let bearer = format!("Bearer {GITHUB_TOKEN}");
        assert_eq!(header("authorization"), token.map(|_| bearer.as_str()));
        assert_eq!(header("content-length"), None);
    }
}

#[tokio::test]
async fn github_enterprise_server_is_asked_below_its_path() {
    let rig = Rig::with(|setup| setup.base += "/api/v3/").await;
    rig.answers_always(json(REPOSITORY)).await;
    rig.repository().await.expect("a repository");
    let requests = rig.server.received_requests().await.expect("requests are recorded");
    assert_eq!(requests[0].url.path(), "/api/v3/repos/octocat/Hello-World");
    assert!(requests[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_bad_name_is_refused_before_anything_is_sent() {
    let rig = Rig::new().await;
    rig.answers_always(json(REPOSITORY)).await;
    for (owner, repo) in
        [("..", "r"), ("o", "../.."), ("o/x", "r"), ("o", "r%2f"), ("o\n", "r"), ("o", "")]
    {
        let params = json!({"owner": owner, "repo": repo});
        let error = rig.text("github_get_repository", params).await.expect_err("a refusal");
        assert_eq!(error.code, ErrorCode::InvalidParams, "{owner}/{repo}");
    }
    assert_eq!(rig.requests().await, 0);
}

#[tokio::test]
async fn an_address_is_understood_where_its_part_is_wanted() {
    let address = "https://github.com/octocat/Hello-World/issues/5";
    for (action, params, body, sent) in [
        (
            "github_get_repository",
            json!({"repo": address}),
            REPOSITORY,
            "/repos/octocat/Hello-World",
        ),
        (
            "github_list_issues",
            json!({"owner": "octocat", "repo": "octocat/Hello-World"}),
            ISSUES,
            "/repos/octocat/Hello-World/issues?state=open&per_page=10&page=1",
        ),
        (
            "github_list_pulls",
            json!({"owner": address, "repo": "Hello-World"}),
            PULLS,
            "/repos/octocat/Hello-World/pulls?state=open&per_page=10&page=1",
        ),
        (
            "github_search_issues",
            json!({"query": "crash https://github.com/octocat/Hello-World"}),
            FOUND_ISSUES,
            "/search/issues?q=crash+repo%3Aoctocat%2FHello-World&per_page=10&page=1",
        ),
        (
            "github_search_repositories",
            json!({"query": "https://github.com/octocat"}),
            FOUND_REPOSITORIES,
            "/search/repositories?q=user%3Aoctocat&per_page=10&page=1",
        ),
    ] {
        assert_eq!(asked(action, params, body).await.1, sent);
    }
}

#[tokio::test]
async fn githubs_errors_are_part_of_the_refusal() {
    let rig = Rig::new().await;
    let body = json!({
        "message": "Validation Failed",
        "errors": [{"resource": "Search", "field": "q", "code": "missing"}],
        "documentation_url": "https://docs.github.com/v3/search/",
    });
    rig.answers_always(ResponseTemplate::new(422).set_body_json(body)).await;
    let error = rig.text("github_search_issues", json!({"query": "a"})).await.expect_err("refused");
    assert_eq!(error.message, "Request failed (422): Validation Failed: Search.q: missing");
}

#[tokio::test]
async fn what_github_refuses_is_told_in_its_words() {
    let rig = Rig::new().await;
    rig.answers_always(
        ResponseTemplate::new(404).set_body_raw(NOT_FOUND, "application/json; charset=utf-8"),
    )
    .await;
    let refusal = rig.refusal().await;
    assert_eq!(refusal, (ErrorCode::UpstreamRefused, "Request failed (404): Not Found".into()));
    assert_eq!(rig.requests().await, 1);
}

#[tokio::test]
async fn json_of_another_form_is_a_clear_error() {
    for (action, params, body) in [
        ("github_get_repository", json!({"owner": "o", "repo": "r"}), "[]"),
        ("github_list_issues", json!({"owner": "o", "repo": "r"}), "{}"),
        ("github_list_pulls", json!({"owner": "o", "repo": "r"}), "[1]"),
        ("github_search_issues", json!({"query": "q"}), r#"{"items":[]}"#),
        ("figma_get_file", json!({"file_key": "k"}), "null"),
    ] {
        let rig = Rig::new().await;
        rig.answers_always(json(body)).await;
        let error = rig.text(action, params).await.expect_err(action);
        assert_eq!(error.code, ErrorCode::UpstreamFailed, "{action}");
        assert!(error.message.ends_with("'s JSON does not have the documented form"), "{action}");
    }
}

#[tokio::test]
async fn parameters_that_make_too_long_an_address_are_refused() {
    let rig = Rig::new().await;
    let search = |query: String| ("github_search_repositories", json!({"query": query}));
    let nodes = json!({"file_key": "k", "node_ids": "1".repeat(70_000)});
    for (action, params) in
        [search("x".repeat(70_000)), search("😀".repeat(6000)), ("figma_get_nodes", nodes)]
    {
        let error = rig.text(action, params).await.expect_err("too long");
        assert_eq!(error.code, ErrorCode::InvalidParams);
        assert!(error.message.contains("accepts 8192: shorten"), "{}", error.message);
    }
    assert_eq!(rig.requests().await, 0);
}
