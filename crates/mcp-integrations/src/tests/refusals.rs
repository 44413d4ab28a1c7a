//! Errors of parameters, which are returned before any request.

use serde_json::{Value, json};

use super::refusal;

#[test]
fn what_must_be_given_is_said_as_the_contract_has_it() {
    for (action, params, message) in [
        ("github_search_repositories", json!({}), "query is required"),
        ("github_search_repositories", json!({"query": ""}), "query is required"),
        ("github_search_issues", json!({"query": null}), "query is required"),
        ("github_list_issues", json!({"owner": "", "repo": "a"}), "owner and repo are required"),
        ("figma_get_file", json!({}), "file_key is required"),
        (
            "figma_get_nodes",
            json!({"file_key": "a", "node_ids": []}),
            "file_key and node_ids are required",
        ),
        (
            "figma_get_nodes",
            json!({"file_key": "a", "node_ids": " ,"}),
            "file_key and node_ids are required",
        ),
        ("figma_get_components", json!({}), "file_key is required"),
        ("figma_get_styles", json!({"file_key": ""}), "file_key is required"),
        ("playwright_get_title", json!({}), "url is required"),
        ("playwright_get_text", json!({"url": ""}), "url is required"),
        ("playwright_screenshot", json!({}), "url is required"),
    ] {
        assert_eq!(refusal(action, &params).as_deref(), Some(message), "{action} {params}");
    }
}

#[test]
fn a_refusal_names_the_parameter_and_what_it_should_be() {
    let repo = |name: &str, value: Value| json!({"owner": "a", "repo": "b", name: value});
    let page = |name: &str, value: Value| json!({"url": "http://a", name: value});
    for (action, params, message) in [
        (
            "github_list_issues",
            repo("per_page", json!(0)),
            "per_page must be an integer from 1 to 100",
        ),
        (
            "github_list_pulls",
            repo("per_page", json!(101)),
            "per_page must be an integer from 1 to 100",
        ),
        (
            "github_list_pulls",
            repo("page", json!("2")),
            "page must be an integer from 1 to 1000000, not a string",
        ),
        (
            "github_list_issues",
            repo("state", json!("opened")),
            "state must be one of open, closed, all",
        ),
        ("github_search_issues", json!({"query": "q", "order": "up"}), "order must be asc or desc"),
        (
            "github_search_repositories",
            json!({"query": "q", "sort": "comments"}),
            "sort must be one of stars, forks, help-wanted-issues, updated",
        ),
        (
            "github_search_repositories",
            json!({"query": ["q"]}),
            "query must be a string, not a list",
        ),
        (
            "figma_get_nodes",
            json!({"file_key": "a", "node_ids": 5}),
            "node_ids must be a list of node ids or a text of them with commas between, \
             not an integer",
        ),
        (
            "figma_get_nodes",
            json!({"file_key": "a", "node_ids": ["1:2", 5]}),
            "node_ids[1] must be a string, not an integer",
        ),
        (
            "figma_get_nodes",
            json!({"file_key": "a", "node_ids": vec!["1:2"; 201]}),
            "node_ids must be at most 200 node ids",
        ),
        (
            "playwright_screenshot",
            page("wait_ms", json!(30_001)),
            "wait_ms must be an integer from 0 to 30000",
        ),
        (
            "playwright_screenshot",
            page("viewport_width", json!(15)),
            "viewport_width must be an integer from 16 to 4096",
        ),
        (
            "playwright_screenshot",
            page("viewport_height", json!(4097)),
            "viewport_height must be an integer from 16 to 4096",
        ),
        (
            "playwright_screenshot",
            page("full_page", json!("yes")),
            "full_page must be a boolean, not a string",
        ),
    ] {
        assert_eq!(refusal(action, &params).as_deref(), Some(message), "{action} {params}");
    }
}

#[test]
fn a_name_in_a_path_stays_in_its_segment() {
    let long = "a".repeat(256);
    let slashes = format!("a/{long}");
    for bad in [
        "/", "..", "a..b", "../x", ".", "a\\b", "%2e%2e", "a%2fb", "a?b", "a#b", "a\nb", "a\tb",
        "a\0b", "a\u{7f}", "a\u{85}b", "a/..", "a/b%2fc", "a b/c", &slashes, &long,
    ] {
        for (action, params, name) in [
            ("github_get_repository", json!({"owner": bad, "repo": "r"}), "owner"),
            ("github_get_repository", json!({"owner": "o", "repo": bad}), "repo"),
            ("github_list_issues", json!({"owner": bad, "repo": "r"}), "owner"),
            ("github_list_pulls", json!({"owner": "o", "repo": bad}), "repo"),
            ("figma_get_file", json!({"file_key": bad}), "file_key"),
            ("figma_get_nodes", json!({"file_key": bad, "node_ids": "1:2"}), "file_key"),
            ("figma_get_components", json!({"file_key": bad}), "file_key"),
            ("figma_get_styles", json!({"file_key": bad}), "file_key"),
        ] {
            let refusal = refusal(action, &params).expect("a refusal");
            let example = if name == "file_key" { "AbC123dEf456" } else { "octocat/Hello-World" };
            let is_told =
                refusal.starts_with(&format!("{name} must be ")) && refusal.contains(example);
            assert!(is_told, "{action} {params}: {refusal}");
        }
    }
    for good in ["octocat", "Hello-World", "a.b", ".github", "_", "日本"] {
        let params = json!({"owner": good, "repo": good});
        assert_eq!(refusal("github_get_repository", &params), None, "{good}");
    }
}

#[test]
fn only_the_address_of_a_web_page_is_taken() {
    let long = format!("http://a/{}", "b".repeat(8192));
    for bad in [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/html,hi",
        "view-source:http://example.com",
        "chrome://version",
        "about:blank",
        "ftp://example.com",
        "ws://example.com",
        "blob:http://example.com/1",
        "example.com",
        "//example.com",
        "http://",
        "http:example.com",
        " http://example.com",
        "https://[::1",
        "http://a:99999",
        &long,
    ] {
        for action in ["playwright_get_title", "playwright_get_text", "playwright_screenshot"] {
            let message = refusal(action, &json!({"url": bad})).expect(bad);
            assert!(
                message.starts_with("url must be an address that starts with http:// or https://"),
                "{bad}: {message}"
            );
        }
    }
    for good in ["http://example.com", "HTTPS://Example.com/a?b#c", "http://[::1]:8000/"] {
        assert_eq!(refusal("playwright_get_title", &json!({"url": good})), None, "{good}");
    }
}
