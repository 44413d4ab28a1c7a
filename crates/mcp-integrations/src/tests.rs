//! What holds for every action of this crate, without asking another system.

use mcp_core::action::params::ParamsText;
use mcp_core::{ErrorCode, Registry};
use serde_json::{Value, json};

use crate::{IntegrationSettings, Integrations};

const NAMES: [&str; 12] = [
    "github_search_repositories",
    "github_search_issues",
    "github_get_repository",
    "github_list_issues",
    "github_list_pulls",
    "figma_get_file",
    "figma_get_nodes",
    "figma_get_components",
    "figma_get_styles",
    "playwright_get_title",
    "playwright_get_text",
    "playwright_screenshot",
];

fn registry(figma_token: Option<&str>) -> Registry {
    let settings = IntegrationSettings {
        figma_token: figma_token.map(Into::into),
        ..IntegrationSettings::default()
    };
    let integrations = Integrations::new(settings);
    Registry::builder()
        .with(|registry| integrations.register(registry))
        .build()
        .expect("a registry")
}

/// What is said to these parameters before anything is asked of another system.
fn refusal(action: &str, params: &Value) -> Option<String> {
    let registry = registry(Some("figd_1"));
    let action = registry.find(action).expect("an action");
    let params = ParamsText::from_value(params).expect("an object");
    action.prepare(params).err().map(|error| error.message)
}

#[test]
fn the_twelve_actions_are_there_and_documented() {
    let registry = registry(None);
    let names: Vec<&str> = registry.actions().iter().map(|action| action.name).collect();
    assert_eq!(names, NAMES);
    for action in registry.actions() {
        assert!(action.remote && !action.doc.summary.is_empty(), "{}", action.name);
        assert!(!action.doc.words.is_empty(), "{}", action.name);
        assert_eq!(action.params_schema["type"], "object", "{}", action.name);
        assert_eq!(action.output_schema["type"], "object", "{}", action.name);
        for parameter in &action.parameters {
            let of = format!("{}.{}", action.name, parameter.name);
            assert!(!parameter.description.is_empty() && !parameter.kind.is_empty(), "{of}");
        }
        let answer: Value = serde_json::from_str(action.doc.example.answer).expect(action.name);
        assert!(answer.is_object(), "{}", action.name);
        let params: Value = serde_json::from_str(action.doc.example.params).expect(action.name);
        assert_eq!(refusal(action.name, &params), None, "{}", action.name);
    }
}

#[test]
fn signatures_show_what_must_be_given_and_the_defaults() {
    let registry = registry(None);
    let signatures: Vec<&str> =
        registry.actions().iter().map(|action| action.signature.as_str()).collect();
    assert_eq!(
        signatures,
        [
            "github_search_repositories(query, sort?, order?, per_page?=10, page?=1)",
            "github_search_issues(query, sort?, order?, per_page?=10, page?=1)",
            "github_get_repository(owner, repo)",
            "github_list_issues(owner, repo, state?=open, per_page?=10, page?=1)",
            "github_list_pulls(owner, repo, state?=open, per_page?=10, page?=1)",
            "figma_get_file(file_key)",
            "figma_get_nodes(file_key, node_ids)",
            "figma_get_components(file_key)",
            "figma_get_styles(file_key)",
            "playwright_get_title(url)",
            "playwright_get_text(url, max_chars?=4000)",
            "playwright_screenshot(url, full_page?, wait_ms?=0, viewport_width?=1280, \
             viewport_height?=720)",
        ]
    );
}

#[test]
fn kinds_are_told_in_words() {
    let registry = registry(None);
    let kind = |action: &str, name: &str| {
        let parameters = &registry.find(action).expect("an action").parameters;
        let parameter = parameters.iter().find(|parameter| parameter.name == name);
        parameter.expect("a parameter").kind.clone()
    };
    assert_eq!(kind("github_list_issues", "state"), "open | closed | all");
    assert_eq!(
        kind("github_search_repositories", "sort"),
        "stars | forks | help-wanted-issues | updated"
    );
    assert_eq!(kind("github_search_issues", "order"), "asc | desc");
    assert_eq!(kind("figma_get_nodes", "node_ids"), "list of strings | string");
    assert_eq!(kind("github_get_repository", "owner"), "string");
}

#[test]
fn figma_is_refused_without_its_token_whatever_the_parameters() {
    let registry = registry(None);
    for name in NAMES.iter().filter(|name| name.starts_with("figma")) {
        let action = registry.find(name).expect("an action");
        let Err(error) = action.prepare(ParamsText::none()) else { panic!("{name} is refused") };
        assert_eq!(error.code, ErrorCode::NotConfigured);
        assert_eq!(error.code.row().status, 400);
        assert_eq!(error.message, "MCP_FIGMA_TOKEN is required for Figma actions");
    }
}

#[test]
fn what_must_be_given_is_said_as_the_contract_has_it() {
    for (action, params, message) in [
        ("github_search_repositories", json!({}), "query is required"),
        ("github_search_repositories", json!({"query": ""}), "query is required"),
        ("github_search_issues", json!({"query": null}), "query is required"),
        ("github_get_repository", json!({"owner": "a"}), "owner and repo are required"),
        ("github_list_issues", json!({"repo": "a"}), "owner and repo are required"),
        ("github_list_issues", json!({"owner": "", "repo": "a"}), "owner and repo are required"),
        ("github_list_pulls", json!({}), "owner and repo are required"),
        ("figma_get_file", json!({}), "file_key is required"),
        ("figma_get_nodes", json!({"file_key": "a"}), "file_key and node_ids are required"),
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
    for bad in [
        "a/b", "/", "..", "a..b", "../x", ".", "a\\b", "%2e%2e", "a%2fb", "a?b", "a#b", "a\nb",
        "a\tb", "a\0b", "a\u{7f}", "a\u{85}b", &long,
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
            assert_eq!(
                refusal(action, &params),
                Some(format!(
                    "{name} must be at most 255 characters without / \\ .. % ? # and control \
                     characters"
                )),
                "{action} {params}"
            );
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

#[test]
fn the_schemas_admit_what_is_taken() {
    let registry = registry(None);
    let schema = &registry.find("figma_get_nodes").expect("an action").params_schema;
    let kinds = &schema["properties"]["node_ids"]["anyOf"];
    assert_eq!(
        (&kinds[0]["type"], &kinds[0]["items"]["type"], &kinds[1]["type"]),
        (&json!("array"), &json!("string"), &json!("string"))
    );
    let schema = &registry.find("playwright_screenshot").expect("an action").params_schema;
    let width = &schema["properties"]["viewport_width"];
    assert_eq!(
        (&width["minimum"], &width["maximum"], &width["default"]),
        (&json!(16), &json!(4096), &json!(1280))
    );
}

#[test]
fn the_settings_hide_their_tokens() {
    let settings = IntegrationSettings {
        github_token: Some("ghp_hidden".into()),
        figma_token: Some("figd_hidden".into()),
        ..IntegrationSettings::default()
    };
    assert!(!format!("{settings:?}").contains("hidden"));
}
