//! Questions about the fixtures. Code answers each from the lean response alone, or from a second call
//! with its handle, cursor or number; the tokens of second calls are counted.

use serde_json::{Value, json};

use crate::measured_server::MeasuredServer;
use crate::mock_servers::{FILES, OWNER, REPO, find, fixture};

/// The result of all questions.
#[derive(Default)]
pub(crate) struct Outcome {
    /// The number of questions.
    pub(crate) asked: usize,
    /// The tokens of second calls and their responses.
    pub(crate) more: usize,
    /// Wrong answers, each with its question.
    pub(crate) wrong: Vec<String>,
}

impl Outcome {
    fn check(&mut self, question: &str, found: &Value, truth: &Value) {
        self.asked += 1;
        if found != truth {
            self.wrong.push(format!("{question}: {found}, not {truth}"));
        }
    }

    /// Sends a second call and counts its tokens.
    fn more(&mut self, server: &MeasuredServer, query: &Value) -> Value {
        let (data, exchange) = server.data(query);
        self.more += exchange.call.o200k + exchange.answer.o200k;
        data
    }
}

pub(crate) fn ask(server: &MeasuredServer) -> Outcome {
    let mut outcome = Outcome::default();
    issues(server, &mut outcome);
    pulls(server, &mut outcome);
    repositories(server, &mut outcome);
    for key in FILES {
        figma(server, key, &mut outcome);
    }
    tasks(server, &mut outcome);
    picture(server, &mut outcome);
    outcome
}

/// Finds the row with this value.
fn row<'a>(rows: &'a Value, name: &str, value: &Value) -> &'a Value {
    let found = rows.as_array().into_iter().flatten().find(|row| row[name] == *value);
    found.unwrap_or(&Value::Null)
}

/// Returns the names of labels.
fn names(labels: &Value) -> Value {
    labels.as_array().into_iter().flatten().map(|label| label["name"].clone()).collect()
}

fn day(moment: &Value) -> Value {
    moment.as_str().map_or(Value::Null, |text| text[..10].into())
}

fn issues(server: &MeasuredServer, outcome: &mut Outcome) {
    let query = json!({"action": "github_list_issues", "params": {"owner": OWNER, "repo": REPO}});
    let (rows, _) = server.data(&query);
    let truth = fixture("github_issues.json");
    for issue in truth.as_array().expect("issues") {
        let number = &issue["number"];
        let shown = row(&rows, "number", number);
        let mut check = |what: &str, truth: &Value| {
            outcome.check(&format!("{what} of issue {number}"), &shown[what], truth);
        };
        for what in ["title", "state", "comments"] {
            check(what, &issue[what]);
        }
        check("user", &issue["user"]["login"]);
        check("labels", &names(&issue["labels"]));
        check("updated_at", &day(&issue["updated_at"]));
    }
    for (index, issue) in truth.as_array().expect("issues").iter().enumerate().step_by(3) {
        let mut query = query.clone();
        query["filter"] = json!({"number": issue["number"]});
        query["fields"] = "body,author_association".into();
        let data = outcome.more(server, &query);
        outcome.check(&format!("body of issue {index}"), &data[0]["body"], &issue["body"]);
    }
}

fn pulls(server: &MeasuredServer, outcome: &mut Outcome) {
    let params = json!({"owner": OWNER, "repo": REPO});
    let (rows, _) = server.data(&json!({"action": "github_list_pulls", "params": params}));
    for pull in fixture("github_pulls.json").as_array().expect("pulls") {
        let number = &pull["number"];
        let shown = row(&rows, "number", number);
        let mut check = |what: &str, truth: &Value| {
            outcome.check(&format!("{what} of pull request {number}"), &shown[what], truth);
        };
        check("title", &pull["title"]);
        check("state", &pull["state"]);
        check("user", &pull["user"]["login"]);
        check("head", &pull["head"]["ref"]);
        check("base", &pull["base"]["ref"]);
        // The summary leaves out flags that are false.
        check("draft", if pull["draft"] == true { &Value::Bool(true) } else { &Value::Null });
    }
}

fn repositories(server: &MeasuredServer, outcome: &mut Outcome) {
    let found = fixture("github_found_repositories.json");
    let query = json!({"action": "github_search_repositories", "params": {"query": "queue"}});
    let (rows, _) = server.data(&query);
    let params = json!({"owner": OWNER, "repo": REPO});
    let (one, _) = server.data(&json!({"action": "github_get_repository", "params": params}));
    let whole = fixture("github_repository.json");
    let all = found["items"].as_array().expect("repositories").iter();
    let shown = all.map(|truth| (row(&rows, "full_name", &truth["full_name"]), truth));
    for (shown, truth) in shown.chain([(&one, &whole)]) {
        for what in ["description", "language", "stargazers_count", "forks_count", "default_branch"]
        {
            let question = format!("{what} of {}", truth["full_name"]);
            outcome.check(&question, &shown[what], &truth[what]);
        }
        let question = format!("license of {}", truth["full_name"]);
        outcome.check(&question, &shown["license"], &truth["license"]["spdx_id"]);
    }
}

/// Lists every node in tree order.
fn nodes<'a>(node: &'a Value, all: &mut Vec<&'a Value>) {
    for child in node["children"].as_array().into_iter().flatten() {
        all.push(child);
        nodes(child, all);
    }
}

fn figma(server: &MeasuredServer, key: &str, outcome: &mut Outcome) {
    let file = fixture(&format!("figma_{key}.json"));
    let (rows, _) = server.data(&json!({"action": "figma_get_file", "params": {"file_key": key}}));
    for page in file["document"]["children"].as_array().expect("pages") {
        let shown = row(&rows, "id", &page["id"]);
        outcome.check(&format!("a page of {key}"), &shown["name"], &page["name"]);
    }
    let mut all = Vec::new();
    nodes(&file["document"], &mut all);
    for node in all.iter().filter(|node| node["type"] != "CANVAS").step_by(9) {
        let id = &node["id"];
        let mut shown = row(&rows, "id", id).clone();
        if shown.is_null() {
            let params = json!({"file_key": key, "node_ids": [id]});
            let more =
                outcome.more(server, &json!({"action": "figma_get_nodes", "params": params}));
            shown = row(&more, "id", id).clone();
        }
        outcome.check(&format!("the name of {id} of {key}"), &shown["name"], &node["name"]);
        outcome.check(&format!("the type of {id} of {key}"), &shown["type"], &node["type"]);
        let frame = &node["absoluteBoundingBox"];
        let size = format!("{}x{}", frame["width"], frame["height"]).replace(".0", "");
        outcome.check(&format!("the size of {id} of {key}"), &shown["size"], &size.into());
    }
    // A property that the tree leaves out takes one call with the node's id.
    let text = all.iter().find(|node| node["type"] == "TEXT");
    if let Some(node) = text.and_then(|node| find(&file["document"], node["id"].as_str()?)) {
        let id = node["id"].as_str().expect("a number");
        let query = json!({
            "action": "figma_get_nodes",
            "params": {"file_key": key, "node_ids": [id]},
            "fields": "id,style.fontSize",
        });
        let data = outcome.more(server, &query);
        let size = &row(&data, "id", &node["id"])["style"]["fontSize"];
        outcome.check(
            &format!("the size of the letters of {id}"),
            size,
            &node["style"]["fontSize"],
        );
    }
}

fn tasks(server: &MeasuredServer, outcome: &mut Outcome) {
    let mut pending = 0;
    for index in 0..12_u32 {
        let status = if index % 3 == 0 { "completed" } else { "pending" };
        pending += u32::from(status == "pending");
        let owner = ["alice", "bob"][usize::from(index % 2 == 0)];
        let params = json!({"title": format!("Task number {index}"), "status": status, "assigned_to": owner});
        let id = server.data(&json!({"action": "add_task", "params": params})).0["id"].clone();
        let (rows, _) = server.data(&json!({"action": "list_tasks", "filter": {"id": id}}));
        for what in ["title", "status", "assigned_to"] {
            outcome.check(&format!("{what} of task {id}"), &rows[0][what], &params[what]);
        }
    }
    let (counts, _) = server.data(&json!({"action": "list_tasks", "group_by": "status"}));
    outcome.check("how many tasks are pending", &counts["pending"], &pending.into());
    // A list that does not fit continues with its cursor.
    let mut query = json!({"action": "list_tasks", "max_tokens": 120});
    let mut seen = 0;
    loop {
        let exchange = server.ask(&query);
        outcome.more += exchange.call.o200k + exchange.answer.o200k;
        let answer: Value = serde_json::from_str(&exchange.text).expect("JSON");
        seen += answer["data"].as_array().expect("rows").len();
        let Some(next) = answer.get("next") else { break };
        query["cursor"] = next.clone();
    }
    outcome.check("how many tasks there are, by the cursor", &seen.into(), &12.into());
}

fn picture(server: &MeasuredServer, outcome: &mut Outcome) {
    let params = json!({"url": server.mocks.page(), "viewport_width": 800, "viewport_height": 600});
    let query = json!({"action": "playwright_screenshot", "params": params});
    let (handle, _) = server.data(&query);
    for (what, truth) in
        [("type", json!("image/png")), ("width", json!(800)), ("height", json!(600))]
    {
        outcome.check(&format!("{what} of the picture"), &handle[what], &truth);
    }
    let id = handle["blob"].as_str().unwrap_or_default();
    let picture = server.process.get(&format!("/api/v2/blobs/{id}"));
    outcome.check("its bytes", &picture.body.len().into(), &handle["bytes"]);
    let is_png = picture.body.starts_with(b"\x89PNG\r\n\x1a\n");
    outcome.check("whether it is a PNG", &is_png.into(), &true.into());
}
