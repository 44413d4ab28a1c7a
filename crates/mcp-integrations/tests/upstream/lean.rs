//! GitHub's and Figma's results in the lean API: their columns, and their pages.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wiremock::{Mock, Request, Respond, ResponseTemplate};

use crate::bodies::{ISSUES, PULLS, REPOSITORY};
use crate::rig::{Rig, json as answer};

/// A repository's issues, newest first, in GitHub's pages.
#[derive(Clone, Default)]
struct Issues(Arc<Mutex<Vec<u32>>>);

impl Respond for Issues {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let number = |name: &str| {
            let found = request.url.query_pairs().find(|(key, _)| key == name);
            found.and_then(|(_, value)| value.parse::<usize>().ok()).expect(name)
        };
        let (page, size) = (number("page"), number("per_page"));
        let all = self.0.lock().expect("a lock").clone();
        let rows: Vec<Value> =
            all.iter().skip((page - 1) * size).take(size).copied().map(issue).collect();
        let answer = ResponseTemplate::new(200).set_body_json(rows);
        if page * size < all.len() {
            let next = format!("<https://api.github.com/x?page={}>; rel=\"next\"", page + 1);
            answer.insert_header("link", next.as_str())
        } else {
            answer
        }
    }
}

fn issue(number: u32) -> Value {
    json!({
        "id": 900_000 - number, "number": number, "title": format!("Issue {number} of the parser"),
        "state": "open", "user": {"login": "octocat", "id": 1}, "comments": number % 7,
        "labels": [{"id": 1, "name": "bug", "color": "d73a4a"}], "body": "It breaks. ".repeat(50),
        "created_at": "2026-02-16T15:14:57Z", "updated_at": "2026-02-17T15:14:57Z",
        "closed_at": null, "assignee": null, "html_url": "https://github.com/o/r/issues/1",
    })
}

async fn with_issues(count: u32) -> (Rig, Issues) {
    let rig = Rig::new().await;
    let issues = Issues(Arc::new(Mutex::new((1..=count).rev().collect())));
    Mock::given(wiremock::matchers::any()).respond_with(issues.clone()).mount(&rig.server).await;
    (rig, issues)
}

fn list(more: &Value) -> Value {
    let mut query = json!({
        "action": "github_list_issues", "params": {"owner": "octocat", "repo": "Hello-World"},
    });
    for (name, value) in more.as_object().expect("members") {
        query[name] = value.clone();
    }
    query
}

#[tokio::test]
async fn an_issue_in_a_list_is_a_line() {
    let (rig, _) = with_issues(25).await;
    let text = rig.lean(list(&json!({"format": "auto"}))).await.expect("an answer").text;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "number,title,state,user,labels,updated_at,comments");
    assert_eq!(lines[1], "25,Issue 25 of the parser,open,octocat,bug,2026-02-17,4");
    assert_eq!(lines.len(), 12);
    assert!(lines[11].starts_with("# next: "), "{}", lines[11]);
}

#[tokio::test]
async fn a_list_goes_on_past_githubs_own_page_while_issues_come_and_go() {
    let (rig, issues) = with_issues(53).await;
    let mut query = list(&json!({"fields": "number", "max_tokens": 60}));
    let mut seen = Vec::new();
    let mut calls = 0;
    loop {
        let answer = rig.lean(query.clone()).await.expect("an answer");
        assert!(answer.tokens <= 60, "{}", answer.text);
        let answer: Value = serde_json::from_str(&answer.text).expect("JSON");
        let rows = answer["data"].as_array().expect("rows").iter();
        seen.extend(rows.map(|row| row["number"].as_u64().expect("a number")));
        let Some(next) = answer.get("next") else { break };
        query["cursor"] = next.clone();
        calls += 1;
        let mut issues = issues.0.lock().expect("a lock");
        if calls % 2 == 1 {
            issues.insert(0, 100 + calls);
        }
        if calls % 3 == 1 {
            // An issue of an earlier page is deleted.
            issues.retain(|number| *number != 53 - calls / 3);
        }
    }
    let expected: Vec<u64> = (1..=53).rev().collect();
    let old: Vec<u64> = seen.iter().copied().filter(|number| *number <= 53).collect();
    assert_eq!(old, expected);
}

#[tokio::test]
async fn issues_are_counted_over_all_pages_with_few_requests() {
    let (rig, _) = with_issues(230).await;
    let answer = rig.lean(list(&json!({"group_by": "user"}))).await.expect("an answer");
    assert_eq!(answer.text, r#"{"data":{"octocat":230}}"#);
    assert_eq!(rig.requests().await, 3);
}

#[tokio::test]
async fn githubs_own_json_is_whole_for_who_asks() {
    let rig = Rig::new().await;
    rig.answers_always(answer(ISSUES)).await;
    let whole = rig.lean(list(&json!({"fields": "*"}))).await.expect("an answer").text;
    let whole: Value = serde_json::from_str(&whole).expect("JSON");
    assert_eq!(whole["data"], serde_json::from_str::<Value>(ISSUES).expect("JSON"));
    let summary = rig.lean(list(&json!({}))).await.expect("an answer").text;
    let summary: Value = serde_json::from_str(&summary).expect("JSON");
    // To GitHub, a pull request is an issue.
    assert_eq!(summary["data"][0]["pull_request"], true);
    let named = list(&json!({"fields": "pull_request.url,user.login"}));
    let named: Value =
        serde_json::from_str(&rig.lean(named).await.expect("an answer").text).expect("JSON");
    assert_eq!(named["data"][0]["user"], json!({"login": "octocat"}));
}

#[tokio::test]
async fn a_pull_request_and_a_repository_are_short() {
    let rig = Rig::new().await;
    rig.answers([(1, answer(PULLS)), (1, answer(REPOSITORY))]).await;
    let params = json!({"owner": "octocat", "repo": "Hello-World"});
    let pulls = json!({"action": "github_list_pulls", "params": params});
    let pulls = rig.lean(pulls).await.expect("an answer").text;
    let pulls: Value = serde_json::from_str(&pulls).expect("JSON");
    let pull = pulls["data"][0].as_object().expect("a pull request");
    assert!(pull.contains_key("number") && pull.contains_key("title"), "{pull:?}");
    assert!(pull["head"].is_string() && pull["base"].is_string(), "{pull:?}");
    let repository = json!({"action": "github_get_repository", "params": params});
    let repository = rig.lean(repository).await.expect("an answer").text;
    assert!(repository.contains(r#""full_name":"octocat/Hello-World""#), "{repository}");
}

/// A file of three pages, with nested frames and texts.
fn file() -> Value {
    let text = |page: u32, number: u32| {
        json!({
            "id": format!("{page}:{number}"), "name": "Label", "type": "TEXT",
            "characters": "Sign up for the newsletter",
            "styles": {"fill": "1:7", "text": "1:8"},
            "absoluteBoundingBox": {"x": 12.5, "y": 3.0, "width": 320.0, "height": 24.0},
            "fills": [{"blendMode": "NORMAL", "type": "SOLID", "color": {"r": 0.1, "g": 0.2, "b": 0.3, "a": 1.0}}],
            "style": {"fontFamily": "Inter", "fontWeight": 500, "fontSize": 16.0},
        })
    };
    let frame = |page: u32, number: u32| {
        json!({
            "id": format!("{page}:{number}"), "name": "Card", "type": "FRAME",
            "absoluteBoundingBox": {"x": 0.0, "y": 0.0, "width": 360.0, "height": 200.0},
            "children": (1..=8).map(|at| text(page, number + at)).collect::<Vec<_>>(),
        })
    };
    let page = |page: u32| {
        json!({
            "id": format!("0:{page}"), "name": format!("Page {page}"), "type": "CANVAS",
            "children": (1..=12).map(|at| frame(page, at * 10)).collect::<Vec<_>>(),
        })
    };
    json!({
        "name": "Landing page",
        "document": {"id": "0:0", "name": "Document", "type": "DOCUMENT",
                     "children": [page(1), page(2), page(3)]},
        "styles": {"1:7": {"name": "Brand/Primary", "styleType": "FILL"},
                   "1:8": {"name": "Heading", "styleType": "TEXT"}},
    })
}

#[tokio::test]
async fn a_figma_file_fills_the_budget_with_every_page_in_it() {
    let rig = Rig::new().await;
    rig.answers_always(answer(&file().to_string())).await;
    let query = |max_tokens: u32| {
        json!({
            "action": "figma_get_file", "params": {"file_key": "AbC123"}, "format": "auto",
            "max_tokens": max_tokens,
        })
    };
    let usual = rig.lean(query(2000)).await.expect("an answer");
    let lines: Vec<&str> = usual.text.lines().collect();
    assert!(lines.len() > 1 + 3 + 36 && usual.tokens > 1900, "{}", usual.text);
    assert!(lines[1..].iter().filter(|line| line.contains("CANVAS")).count() == 3);
    assert!(lines.last().expect("a line").starts_with("# next: "), "{}", usual.text);
    let deep = rig.lean(query(0)).await.expect("an answer");
    let lines: Vec<&str> = deep.text.lines().collect();
    assert_eq!(lines.len(), 1 + 3 + 36 + 288);
    assert_eq!(lines[0], "id,depth,name,type,size,text,styles");
    assert_eq!(
        lines[3],
        "1:11,2,Label,TEXT,320x24,Sign up for the newsletter,a=1:7 Brand/Primary;b=1:8 Heading"
    );
    assert_eq!(lines[4], "1:12,2,Label,TEXT,320x24,Sign up for the newsletter,a;b");
    assert_eq!(deep.text.matches("Brand/Primary").count(), 1);
    let each = deep.tokens / (lines.len() - 1);
    assert!(each <= 25, "{each} tokens for a node");
}

#[tokio::test]
async fn the_rest_of_a_node_is_its_number_away() {
    let rig = Rig::new().await;
    let node = &file()["document"]["children"][0]["children"][0]["children"][0];
    let nodes = json!({"name": "Landing page", "nodes": {"1:11": {
        "document": node, "styles": file()["styles"],
    }}});
    rig.answers_always(answer(&nodes.to_string())).await;
    let ask = |fields: &Value| {
        json!({
            "action": "figma_get_nodes", "fields": fields,
            "params": {"file_key": "AbC123", "node_ids": "1:11"},
        })
    };
    let data = async |fields: Value| {
        let text = rig.lean(ask(&fields)).await.expect("an answer").text;
        serde_json::from_str::<Value>(&text).expect("JSON")["data"].take()
    };
    assert_eq!(data(json!(null)).await[0]["text"], "Sign up for the newsletter");
    let named = data(json!("style.fontSize,fills.color.r")).await;
    assert_eq!(named, json!([{"style": {"fontSize": 16.0}, "fills": [{"color": {"r": 0.1}}]}]));
    assert_eq!(data(json!("*")).await, nodes);
    let refusal = rig.lean(ask(&json!("nope"))).await.expect_err("a refusal");
    assert!(refusal.message.starts_with("unknown field \"nope\": use id, name, type"), "{refusal}");
}

#[tokio::test]
async fn a_search_that_is_incomplete_says_so_whatever_is_made_of_it() {
    let items: Vec<Value> = (1..=3).map(issue).collect();
    for incomplete in [true, false] {
        let found = json!({"total_count": 3, "incomplete_results": incomplete, "items": items});
        let rig = Rig::new().await;
        rig.answers_always(answer(&found.to_string())).await;
        for (action, more) in [
            ("github_search_issues", json!({})),
            ("github_search_issues", json!({"count": true})),
            ("github_search_issues", json!({"filter": {"number": 2}})),
            ("github_search_issues", json!({"filter": {"number": 9}})),
            ("github_search_issues", json!({"group_by": "state"})),
            ("github_search_issues", json!({"sort": "number", "limit": 1})),
            ("github_search_issues", json!({"fields": "total"})),
            ("github_search_issues", json!({"fields": "*"})),
            ("github_search_issues", json!({"count": true, "max_tokens": 50})),
            ("github_search_repositories", json!({"fields": "number", "count": true})),
        ] {
            for format in ["json", "csv", "toon", "auto"] {
                let mut query = json!({
                    "action": action, "params": {"query": "parser"}, "format": format,
                });
                for (name, value) in more.as_object().expect("members") {
                    query[name] = value.clone();
                }
                let text = rig.lean(query).await.expect("an answer").text;
                let is_said = text.contains("\"incomplete\":\"") || text.contains("# incomplete: ");
                assert_eq!(is_said, incomplete, "{more} {format}: {text}");
            }
        }
        let v1 = rig.call("github_search_issues", json!({"query": "parser"})).await;
        assert_eq!(v1["incomplete_results"], incomplete);
    }
}

#[tokio::test]
async fn a_batch_says_of_a_step_that_it_is_incomplete() {
    let rig = Rig::new().await;
    let found = json!({"total_count": 1, "incomplete_results": true, "items": [issue(1)]});
    rig.answers_always(answer(&found.to_string())).await;
    let steps = json!([
        {"id": "a", "action": "github_search_issues", "params": {"query": "x"}, "count": true},
    ]);
    let text = rig.lean(json!({"action": "batch", "params": {"steps": steps}})).await;
    let text = text.expect("an answer").text;
    assert!(text.contains(r#""id":"a","data":1,"incomplete":"GitHub's search ran out"#), "{text}");
}

/// Returns a page with this many frames.
fn wide(children: u32) -> Value {
    let frame =
        |at: u32| json!({"id": format!("1:{at}"), "name": format!("Card {at}"), "type": "FRAME"});
    let page = |number: u32, count: u32| {
        let children: Vec<Value> = (0..count).map(frame).collect();
        json!({"id": format!("0:{number}"), "name": "Page", "type": "CANVAS", "children": children})
    };
    json!({"name": "Wide", "document": {"id": "0:0", "type": "DOCUMENT", "children": [
        page(1, children), page(2, 0),
    ]}})
}

#[tokio::test]
async fn a_page_of_many_frames_is_walked_to_its_end() {
    let rig = Rig::new().await;
    rig.answers_always(answer(&wide(300).to_string())).await;
    for format in ["json", "auto"] {
        let mut query = json!({
            "action": "figma_get_file", "params": {"file_key": "k"}, "format": format,
        });
        let (mut frames, mut calls) = (0, 0);
        loop {
            let answer = rig.lean(query.clone()).await.expect("an answer");
            calls += 1;
            let shown = answer.text.matches("Card ").count();
            frames += shown;
            let next =
                answer.text.split(&['"', ' ', '\n'][..]).next_back().filter(|_| format == "auto");
            let next = match format {
                "json" => {
                    let answer: Value = serde_json::from_str(&answer.text).expect("JSON");
                    if calls == 1 {
                        assert_eq!(answer["data"][0]["children"], 300 - shown);
                    } else {
                        assert_eq!(answer["data"][0]["parent"], "0:1");
                    }
                    answer.get("next").map(|next| next.as_str().expect("a cursor").to_owned())
                }
                _ => next.filter(|_| answer.text.contains("# next: ")).map(ToOwned::to_owned),
            };
            let Some(next) = next else { break };
            assert!(answer.tokens > 1900 && answer.tokens <= 2000, "{}", answer.tokens);
            query["cursor"] = next.into();
        }
        assert_eq!(frames, 300, "{format}");
        assert!((2..10).contains(&calls), "{calls}");
    }
}

#[tokio::test]
async fn a_cursor_in_a_tree_holds_while_nodes_come_and_go() {
    let rig = Rig::new().await;
    let mut changed = wide(300);
    let frames = changed["document"]["children"][0]["children"].as_array_mut().expect("frames");
    frames.insert(0, json!({"id": "2:1", "name": "New", "type": "FRAME"}));
    rig.answers([(1, answer(&wide(300).to_string())), (1, answer(&changed.to_string()))]).await;
    let query = json!({"action": "figma_get_file", "params": {"file_key": "k"}});
    let first: Value =
        serde_json::from_str(&rig.lean(query.clone()).await.expect("an answer").text)
            .expect("JSON");
    let shown = first["data"].as_array().expect("rows").len() - 2;
    let mut query = query;
    query["cursor"] = first["next"].clone();
    let second: Value =
        serde_json::from_str(&rig.lean(query).await.expect("an answer").text).expect("JSON");
    assert_eq!(second["data"][0]["name"], format!("Card {shown}"));
}
