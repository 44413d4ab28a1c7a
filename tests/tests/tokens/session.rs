//! Ten steps of an agent: find, list, read, write, look at a page. The peak is the size of its context at
//! the end; the total counts the whole context again for each step.

use serde_json::{Value, json};
use service_tests::tokens::o200k;

use crate::figures::{Figure, HANDLES_DIFFER, Size, Target};
use crate::measured_server::MeasuredServer;
use crate::mock_servers::{OWNER, REPO, text};

/// The definitions of five popular servers with 123 tools (published).
const FIVE_SERVERS: usize = 23_549;
/// A comparable picture as base64 (published); the fixture's is larger.
const PICTURE: usize = 55_595;

/// A step of the session: its query, and the tokens of the baseline's response.
struct SessionStep {
    query: Value,
    raw: usize,
}

/// An agent's context.
#[derive(Clone, Copy, Default)]
struct Context {
    /// Its size in tokens.
    size: usize,
    /// All tokens that were read, the context again for each step.
    read: usize,
}

impl Context {
    fn starting_with(size: usize) -> Self {
        Self { size, read: 0 }
    }

    fn step(&mut self, call: usize, answer: usize) {
        self.read += self.size;
        self.size += call + answer;
    }
}

/// Measures the peak and the total, which must be 25 times smaller than the baseline's.
pub(crate) fn figures(server: &MeasuredServer) -> Vec<Figure> {
    let bootstrap = String::from_utf8(server.process.get("/llms.txt").body).expect("text");
    let mut ours = Context::starting_with(o200k(&bootstrap));
    let mut theirs = Context::starting_with(FIVE_SERVERS);
    for SessionStep { query, raw } in steps(server) {
        let exchange = server.smallest(&query);
        ours.step(exchange.call.o200k, exchange.answer.o200k);
        theirs.step(exchange.call.o200k, raw);
    }
    // The agent reads the context once more for its final message.
    ours.step(0, 0);
    theirs.step(0, 0);
    vec![
        Figure::new(
            "ten steps, the peak",
            Size { o200k: ours.size, ..Size::default() },
            Target::AtMost(theirs.size / 25),
        )
        .against(theirs.size, "five servers, raw payloads")
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

fn steps(server: &MeasuredServer) -> Vec<SessionStep> {
    let repo = json!({"owner": OWNER, "repo": REPO});
    let raw = |fixture: &str| o200k(&text(fixture));
    let v1 = |action: &str, params: Value| server.v1(action, &params).answer.o200k;
    let step = |query: Value, raw: usize| SessionStep { query, raw };
    let find = |words: &str| json!({"action": "help", "params": {"query": words}});
    let list_tasks = v1("list_tasks", json!({}));
    let task = json!({"title": "Fix #412", "priority": "high"});
    let acknowledged = v1("add_task", task.clone());
    vec![
        // The baseline has all definitions in its context, so it need not search.
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
            json!({"action": "playwright_screenshot", "params": {"url": server.mocks.page()}}),
            PICTURE,
        ),
    ]
}
