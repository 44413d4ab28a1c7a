//! The rows of the table; a function measures each of them.

use mcp_core::Registry;
use mcp_server::config::{Settings, Sources};
use mcp_server::service;
use serde_json::{Value, json};
use service_tests::tokens::percentile;
use service_tests::{AgentRequest, RequestFile, agent_requests};

use crate::figures::{Figure, HANDLES_DIFFER, Size, Target};
use crate::measured_server::MeasuredServer;
use crate::mock_servers::{FILES, OWNER, REPO, text};

use Target::{AtLeast, AtMost};

/// Returns every row, except those of the session.
pub(crate) fn all(server: &MeasuredServer) -> Vec<Figure> {
    let mut figures = vec![definition(server), bootstrap(server)];
    figures.extend(finding(server));
    figures.extend(recall());
    figures.push(call());
    figures.push(write(server));
    figures.extend(lists(server));
    figures.push(tasks(server));
    figures.extend(figma(server));
    figures.push(screenshot(server));
    figures
}

/// Measures the tool definitions, which a client of the Model Context Protocol always has in its context.
fn definition(server: &MeasuredServer) -> Figure {
    let tools = server.process.protocol("2025-11-25").result("tools/list", json!({}));
    let [query, change] = tools["tools"].as_array().map(Vec::as_slice).expect("a list") else {
        panic!("two tools: {tools}");
    };
    Figure::new("the protocol's two tools", Size::of(&format!("{query}{change}")), AtMost(170))
        .against(39_885, "13 real servers, 146 tools: see scripts/connections")
}

fn bootstrap(server: &MeasuredServer) -> Figure {
    let text = String::from_utf8(server.process.get("/llms.txt").body).expect("text");
    Figure::new("/llms.txt", Size::of(&text), AtMost(120))
        .against(1502, "25 actions as minified JSON schemas")
}

fn registry() -> Registry {
    let settings = Settings::load(&Sources::default()).expect("the default settings");
    service::registry(&settings).expect("a registry")
}

/// Measures finding an action, with every request of the corpus.
fn finding(server: &MeasuredServer) -> Vec<Figure> {
    let ask = |request: &AgentRequest| {
        let query = json!({"action": "help", "params": {"query": request.words}});
        let found = server.ask(&query);
        found.call.plus(found.answer)
    };
    let requests =
        [agent_requests(RequestFile::Tuning), agent_requests(RequestFile::HeldOut)].concat();
    let sizes: Vec<Size> = requests.iter().map(ask).collect();
    let rank = |percent: usize| {
        let of = |of: fn(&Size) -> usize| {
            percentile(&mut sizes.iter().map(of).collect::<Vec<_>>(), percent)
        };
        Size { o200k: of(|it| it.o200k), cl100k: of(|it| it.cl100k), bytes: of(|it| it.bytes) }
    };
    let all = server.ask(&json!({"action": "help", "max_tokens": 0})).answer;
    let actions = registry().actions().len();
    vec![
        Figure::new("finding an action, median", rank(50), AtMost(100))
            .against(3000, "published tool search"),
        Figure::new("finding an action, 95 of 100", rank(95), AtMost(160)),
        Figure::new("all signatures, for each 25 actions", (all * 25).each(actions), AtMost(250)),
    ]
}

impl std::ops::Mul<usize> for Size {
    type Output = Self;

    fn mul(self, times: usize) -> Self {
        Self { o200k: self.o200k * times, cl100k: self.cl100k * times, bytes: self.bytes * times }
    }
}

/// Measures the share of unseen requests whose action is found, in tenths of a percent.
fn recall() -> Vec<Figure> {
    let registry = registry();
    let requests = agent_requests(RequestFile::HeldOut);
    let among = |shown: usize| {
        let is_found = |request: &&AgentRequest| {
            let found = registry.catalogue().search(&request.words);
            found.iter().take(shown).any(|entry| *entry.name == *request.action)
        };
        let found = requests.iter().filter(is_found).count();
        Size { o200k: found * 1000 / requests.len(), ..Size::default() }
    };
    vec![
        Figure::new("found first, % of unseen requests", among(1), AtLeast(920)),
        Figure::new("found in three, % of unseen requests", among(3), AtLeast(985)),
    ]
}

/// Measures the median call of all actions' examples.
fn call() -> Figure {
    let registry = registry();
    let examples = registry.actions().iter().filter(|action| *action.name != *"batch");
    let texts: Vec<String> = examples
        .map(|action| {
            format!(
                r#"{{"action":"{}","params":{}}}"#,
                action.name,
                action.doc.example.expect("an example").params
            )
        })
        .collect();
    let of = |of: fn(&Size) -> usize| {
        percentile(&mut texts.iter().map(|text| of(&Size::of(text))).collect::<Vec<_>>(), 50)
    };
    let size =
        Size { o200k: of(|it| it.o200k), cl100k: of(|it| it.cl100k), bytes: of(|it| it.bytes) };
    Figure::new("a call, median of the examples", size, AtMost(30))
        .against(39, "the first service's envelope alone")
}

/// Measures the largest response of a write.
fn write(server: &MeasuredServer) -> Figure {
    let writes = [
        json!({"action": "add_user", "params": {"username": "marlin"}}),
        json!({"action": "add_task", "params": {"title": "Renew the certificate"}}),
        json!({"action": "update_task", "params": {"task_id": 1, "status": "completed"}}),
        json!({"action": "delete_task", "params": {"task_id": 1}}),
        json!({"action": "update_config", "params": {"key": "max_tasks", "value": 200}}),
        json!({"action": "remove_user", "params": {"username": "marlin"}}),
    ];
    let answers = writes.iter().map(|query| server.ask(query).answer);
    let largest = answers.max_by_key(|size| size.o200k).expect("some");
    Figure::new("a write's answer, the largest of six", largest, AtMost(12))
        .against(39, "the first service's envelope alone")
}

/// Measures GitHub's lists, for each item.
fn lists(server: &MeasuredServer) -> Vec<Figure> {
    let of_repo = json!({"owner": OWNER, "repo": REPO});
    let rows: [(&str, &str, Value, &str, usize, usize); 3] = [
        ("an issue in a list", "github_list_issues", of_repo.clone(), "github_issues.json", 10, 30),
        ("a pull request in a list", "github_list_pulls", of_repo, "github_pulls.json", 5, 45),
        (
            "a repository in a list",
            "github_search_repositories",
            json!({"query": "queue"}),
            "github_found_repositories.json",
            5,
            80,
        ),
    ];
    let figure =
        |(name, action, params, fixture, count, most): (&str, &str, Value, &str, usize, usize)| {
            let mut query = json!({"action": action, "params": params});
            query["max_tokens"] = 0.into();
            let raw = Size::of(&text(fixture)).each(count);
            let answer = server.smallest(&query).answer.each(count);
            Figure::new(name, answer, AtMost(most)).against(raw.o200k, "raw")
        };
    rows.into_iter().map(figure).collect()
}

/// Measures a list of twenty tasks.
fn tasks(server: &MeasuredServer) -> Figure {
    let _ = server.process.post("/api/v1/reset").send();
    let titles = [
        "Renew the certificate",
        "Write the changelog",
        "Fix the login page",
        "Order new laptops",
        "Review the contract",
        "Plan the next sprint",
        "Answer the support mails",
        "Update the price list",
        "Clean up old branches",
        "Prepare the demo",
        "Check the backups",
        "Translate the manual",
        "Call the landlord",
        "Rotate the keys",
        "Measure the search",
        "Tidy the wiki",
        "Book the train",
        "Draw the architecture",
        "Test the restore",
        "Archive old invoices",
    ];
    let people = ["alice", "bob", "carol"];
    let urgency = ["low", "medium", "high"];
    let statuses = ["pending", "in_progress", "completed"];
    for (index, title) in titles.iter().enumerate() {
        let (priority, status) = (urgency[index % 3], statuses[index / 2 % 3]);
        let owner = people[index / 3 % 3];
        let params = json!({"title": title, "description": "As said in the meeting", "priority": priority, "status": status, "assigned_to": owner});
        assert_eq!(server.process.call("add_task", params).status, 200);
    }
    let answer = server.smallest(&json!({"action": "list_tasks"})).answer;
    let v1 = server.v1("list_tasks", &json!({})).answer.o200k;
    Figure::new("20 tasks", answer, AtMost(260)).against(v1, "on v1")
}

/// Measures Figma files: the median for each shown node, and the largest response.
fn figma(server: &MeasuredServer) -> Vec<Figure> {
    let mut each = Vec::new();
    let mut largest = Size::default();
    let mut raw = Vec::new();
    for key in FILES {
        let query = json!({"action": "figma_get_file", "params": {"file_key": key}});
        let answer = server.smallest(&query);
        // The number of JSON rows, or of lines below the header.
        let shown = serde_json::from_str::<Value>(&answer.text).map_or_else(
            |_| answer.text.lines().count() - 1,
            |json| json["data"].as_array().map_or(0, Vec::len),
        );
        assert!(shown > 0, "{key}: {}", answer.text);
        each.push(answer.answer.each(shown));
        if answer.answer.o200k > largest.o200k {
            largest = answer.answer;
        }
        let file = text(&format!("figma_{key}.json"));
        raw.push(Size::of(&file).o200k / file.matches(r#""absoluteBoundingBox""#).count());
    }
    each.sort_by_key(|size| size.o200k);
    let raw = percentile(&mut raw, 50);
    vec![
        Figure::new("a node of a Figma file", each[each.len() / 2], AtMost(25)).against(raw, "raw"),
        Figure::new("a Figma file, the largest answer", largest, AtMost(2000)),
    ]
}

fn screenshot(server: &MeasuredServer) -> Figure {
    let params = json!({"url": server.mocks.page()});
    let query = json!({"action": "playwright_screenshot", "params": params});
    let answer = server.smallest(&query).answer;
    Figure::new("a screenshot", answer, AtMost(40))
        .against(55_595, "as base64, published")
        .slack(HANDLES_DIFFER)
}
