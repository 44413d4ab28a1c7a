//! Ten steps of an agent: find, list, read, write, look at a page. What stands in its context at the
//! end (the peak), and what it has read in all when the whole context is read again for each step.

use serde_json::{Value, json};
use service_tests::tokens::o200k;

use crate::doubles::{OWNER, REPO, text};
use crate::figures::{Figure, HANDLES_DIFFER, Size, Target};
use crate::wire::Wire;

/// The definitions of five popular servers with 123 tools (published).
const FIVE_SERVERS: usize = 23_549;
/// The same picture as base64 (published); ours is larger.
const PICTURE: usize = 55_595;

/// A step: what is asked here, and how many tokens answer it elsewhere.
struct Step {
    query: Value,
    raw: usize,
}

/// What a context holds and what was read of it.
#[derive(Clone, Copy, Default)]
struct Context {
    held: usize,
    read: usize,
}

impl Context {
    fn starting_with(held: usize) -> Self {
        Self { held, read: 0 }
    }

    fn step(&mut self, call: usize, answer: usize) {
        self.read += self.held;
        self.held += call + answer;
    }
}

/// The peak and the sum: at least 25 times smaller than theirs.
pub(crate) fn figures(wire: &Wire) -> Vec<Figure> {
    let bootstrap = String::from_utf8(wire.server.get("/llms.txt").body).expect("text");
    let mut ours = Context::starting_with(o200k(&bootstrap));
    let mut theirs = Context::starting_with(FIVE_SERVERS);
    for Step { query, raw } in steps(wire) {
        let exchange = wire.smallest(&query);
        ours.step(exchange.call.o200k, exchange.answer.o200k);
        theirs.step(exchange.call.o200k, raw);
    }
    // The context is read once more for the agent's last words.
    ours.step(0, 0);
    theirs.step(0, 0);
    vec![
        Figure::new(
            "ten steps, the peak",
            Size { o200k: ours.held, ..Size::default() },
            Target::AtMost(theirs.held / 25),
        )
        .against(theirs.held, "five servers, raw payloads")
        .slack(HANDLES_DIFFER),
        Figure::new(
            "ten steps, read in all",
            Size { o200k: ours.read, ..Size::default() },
            Target::AtMost(theirs.read / 25),
        )
        .against(theirs.read, "five servers, raw payloads")
        .slack(HANDLES_DIFFER),
    ]
}

fn steps(wire: &Wire) -> Vec<Step> {
    let repo = json!({"owner": OWNER, "repo": REPO});
    let raw = |fixture: &str| o200k(&text(fixture));
    let v1 = |action: &str, params: Value| wire.v1(action, &params).answer.o200k;
    let step = |query: Value, raw: usize| Step { query, raw };
    let find = |words: &str| json!({"action": "help", "params": {"query": words}});
    let list_tasks = v1("list_tasks", json!({}));
    let task = json!({"title": "Fix #412", "priority": "high"});
    let acknowledged = v1("add_task", task.clone());
    vec![
        // With all definitions there, nothing has to be found.
        step(find("open issues of a repo"), 0),
        step(json!({"action": "github_list_issues", "params": repo}), raw("github_issues.json")),
        step(
            json!({"action": "github_list_issues", "params": repo, "filter": {"number": 412}, "fields": "body"}),
            raw("github_issues.json") / 10,
        ),
        step(find("add a to-do"), 0),
        step(json!({"action": "add_task", "params": task}), acknowledged),
        step(json!({"action": "github_list_pulls", "params": repo}), raw("github_pulls.json")),
        step(
            json!({"action": "update_task", "params": {"task_id": 1, "status": "in_progress"}}),
            acknowledged,
        ),
        step(json!({"action": "list_tasks"}), list_tasks),
        step(
            json!({"action": "figma_get_file", "params": {"file_key": "signup"}}),
            raw("figma_signup.json"),
        ),
        step(
            json!({"action": "playwright_screenshot", "params": {"url": wire.doubles.page()}}),
            PICTURE,
        ),
    ]
}
