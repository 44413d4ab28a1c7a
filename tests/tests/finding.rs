//! Finding an action: `help` as an action and as a route, `/llms.txt`, the share of requests whose
//! action is found, and the tokens that it takes.

use std::collections::BTreeSet;

use mcp_core::Registry;
use mcp_core::action::Action;
use mcp_server::config::{Settings, Sources};
use mcp_server::service;
use serde_json::{Value, json};
use service_tests::tokens::{o200k, percentile};
use service_tests::{AgentRequest, RequestFile, TestServer, agent_requests, with_many_actions};

fn registry() -> Registry {
    let settings = Settings::load(&Sources::default()).expect("the default settings");
    service::registry_with(&settings, |registry| registry).expect("a registry")
}

fn large_registry() -> Registry {
    let settings = Settings::load(&Sources::default()).expect("the default settings");
    let registry = service::registry_with(&settings, with_many_actions).expect("a registry");
    assert!(registry.actions().len() >= 500);
    registry
}

/// Returns the percentages of requests whose action is found first, and among the first three.
fn recall(registry: &Registry, requests: &[AgentRequest]) -> (f64, f64) {
    let mut first = 0_u32;
    let mut among = 0_u32;
    for AgentRequest { action, words } in requests {
        let found: Vec<&str> =
            registry.catalogue().search(words).iter().map(|action| &*action.name).collect();
        assert!(found.len() <= 3);
        first += u32::from(found.first() == Some(&action.as_str()));
        among += u32::from(found.contains(&action.as_str()));
        if found.first() != Some(&action.as_str()) {
            println!("{words}: {action}, not {found:?}");
        }
    }
    let all = f64::from(u32::try_from(requests.len()).expect("a few hundred"));
    (100.0 * f64::from(first) / all, 100.0 * f64::from(among) / all)
}

fn known(registry: &Registry, half: RequestFile) -> Vec<AgentRequest> {
    let mut requests = agent_requests(half);
    requests.retain(|request| registry.find(&request.action).is_ok());
    requests
}

#[test]
fn the_action_is_found_first_and_nearly_always_among_three() {
    let registry = registry();
    for half in [RequestFile::Tuning, RequestFile::HeldOut] {
        let requests = known(&registry, half);
        let (first, among) = recall(&registry, &requests);
        println!(
            "{half:?}: {} requests, {first:.1} % first, {among:.1} % in three",
            requests.len()
        );
        assert!(first >= 92.0 && among >= 98.5, "{half:?}: {first:.1} {among:.1}");
    }
}

#[test]
fn every_action_is_asked_for_in_both_halves_and_no_request_is_in_both() {
    let of = |half| agent_requests(half);
    let words = |half| of(half).into_iter().map(|it| it.words).collect::<BTreeSet<_>>();
    assert!(words(RequestFile::Tuning).is_disjoint(&words(RequestFile::HeldOut)));
    assert!(words(RequestFile::HeldOut).len() >= 60 && words(RequestFile::Tuning).len() >= 60);
    let actions = |half| of(half).into_iter().map(|it| it.action).collect::<BTreeSet<_>>();
    assert_eq!(actions(RequestFile::Tuning), actions(RequestFile::HeldOut));
    for action in registry().actions() {
        assert!(actions(RequestFile::Tuning).contains(&*action.name), "{}", action.name);
    }
}

/// Returns the tokens of a v2 call of `help` and of its response.
fn cost(registry: &Registry, words: &str) -> usize {
    let call = json!({"action": "help", "params": {"query": words}});
    let lines: Vec<String> =
        registry.catalogue().search(words).into_iter().map(Action::line).collect();
    o200k(&call.to_string()) + o200k(&json!({ "data": lines }).to_string())
}

#[test]
fn finding_costs_few_tokens_however_many_actions_there_are() {
    for registry in [registry(), large_registry()] {
        let requests = known(&registry, RequestFile::Tuning).into_iter();
        let mut costs: Vec<usize> = requests
            .chain(known(&registry, RequestFile::HeldOut))
            .map(|it| cost(&registry, &it.words))
            .collect();
        let (median, most) = (percentile(&mut costs, 50), percentile(&mut costs, 95));
        println!("{} actions: median {median}, p95 {most}", registry.actions().len());
        assert!(median <= 100 && most <= 160, "{median} {most}");
        let lines = json!({ "data": registry.catalogue().lines() }).to_string();
        let (tokens, actions) = (o200k(&lines), registry.actions().len());
        println!("the list of all: {tokens}");
        assert!(tokens * 25 <= 250 * actions, "{tokens} for {actions}");
    }
}

#[test]
fn among_hundreds_of_actions_the_right_one_is_still_found() {
    let registry = large_registry();
    let requests = known(&registry, RequestFile::Tuning);
    let (first, among) = recall(&registry, &requests);
    println!("{first:.1} % first, {among:.1} % in three");
    assert!(first >= 90.0 && among >= 98.0, "{first:.1} {among:.1}");
}

#[test]
fn help_finds_tells_and_lists() {
    let server = TestServer::start();
    let found = server.data("help", json!({"query": "open issues of a repo"}));
    let lines = found.as_array().expect("lines");
    assert_eq!(lines.len(), 3);
    assert_eq!(
        lines[0],
        "github_list_issues(owner, repo, state?, per_page?, page?): List the issues of a GitHub repository"
    );
    let about = server.data("help", json!({"action": "add_task"}));
    assert_eq!(
        about["signature"],
        "add_task(title, description?, priority?=medium, status?=pending, assigned_to?)"
    );
    assert_eq!(about["params"]["title"], "string: The title.");
    assert!(server.call("add_task", about["example"].clone()).status == 200);
    let all = server.data("help", json!({}));
    let text = all.to_string();
    let users = "users: list_users() add_user(username, role?, metadata?) remove_user(username)";
    assert!(text.contains(users), "{text}");
}

#[test]
fn what_help_cannot_answer_it_says() {
    let server = TestServer::start();
    for (params, refusal) in [
        (json!({"action": "ad_task"}), "No such action; the nearest are add_task, "),
        (json!({"query": "xyzzy"}), "No action fits the query; help without parameters lists all"),
        (json!({"query": "a", "action": "b"}), "give query or action, not both"),
        (json!({"query": "x".repeat(1001)}), "query must have at most 1000 characters"),
        (json!({"query": 5}), "query must be a string, not an integer"),
    ] {
        let message = server.refusal("help", params);
        assert!(message.starts_with(refusal), "{message}");
    }
    // v1's message is frozen by its contract.
    assert_eq!(server.refusal("ad_task", json!({})), "Unknown action: ad_task");
}

#[test]
fn the_bootstrap_is_open_and_at_most_120_tokens_and_its_call_is_one() {
    let server = TestServer::with([("MCP_API_KEY", "k-1")]).start();
    let answer = server.get("/llms.txt");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    let text = String::from_utf8(answer.body).expect("text");
    assert!(o200k(&text) <= 120, "{}", o200k(&text));
    assert!(text.starts_with("# MCP Server\n") && text.contains("X-API-Key"));
    assert!(text.contains(&format!("POST {}/api/v2/query", server.base_url())), "{text}");
    let call: Value = text
        .split_once('{')
        .and_then(|(_, rest)| rest.rsplit_once('}'))
        .map(|(inside, _)| serde_json::from_str(&format!("{{{inside}}}")).expect("JSON"))
        .expect("a call");
    let call = server.post("/api/v1/query").key("k-1").json(&call).send();
    assert_eq!(call.status, 200);
}

#[test]
fn help_is_there_as_plain_text_for_who_has_the_key() {
    let server = TestServer::with([("MCP_API_KEY", "k-1")]).start();
    assert_eq!(server.get("/api/v2/help?q=x").refusal(401), "Missing X-API-Key header");
    let ask =
        |query: &str| server.request("GET", &format!("/api/v2/help{query}")).key("k-1").send();
    let answer = ask("?q=who%20is%20on%20the%20team");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    let text = String::from_utf8(answer.body).expect("text");
    assert_eq!(text.lines().next(), Some("list_users(): List the names of all users"));
    assert_eq!(text.lines().count(), 3);
    let all = String::from_utf8(ask("").body).expect("text");
    assert!(all.contains("\nconfig: get_config(key?) update_config(key, value)\n"), "{all}");
    assert!(ask("?q=xyzzy").refusal(400).starts_with("No action fits the query"));
    assert_eq!(ask("?q=a&q=b").status, 422);
}
