//! What holds for every action of this crate, without asking another system.

use mcp_core::action::params::ParamsText;
use mcp_core::{ErrorCode, Registry};
use serde_json::{Value, json};

use crate::{IntegrationSettings, Integrations};

pub(crate) mod namespace;
mod refusals;

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
    let names: Vec<&str> = registry.actions().iter().map(|action| &*action.name).collect();
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
        let example = action.doc.example.expect("an example");
        let answer: Value = serde_json::from_str(example.answer).expect("JSON");
        assert!(answer.is_object(), "{}", action.name);
        let params: Value = serde_json::from_str(example.params).expect("JSON");
        assert_eq!(refusal(&action.name, &params), None, "{}", action.name);
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
            "figma_get_file(file_key, depth?)",
            "figma_get_nodes(file_key, node_ids, depth?)",
            "figma_get_components(file_key)",
            "figma_get_styles(file_key)",
            "playwright_get_title(url, wait_ms?=0)",
            "playwright_get_text(url, max_chars?=4000, wait_ms?=0)",
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
fn the_schema_of_a_search_is_that_of_its_answer() {
    let registry = registry(None);
    let schema = &registry.find("github_search_issues").expect("an action").output_schema;
    assert_eq!(schema["required"], json!(["total", "incomplete_results", "items"]));
    assert_eq!(schema["properties"]["items"]["items"]["type"], "object");
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
