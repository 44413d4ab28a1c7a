//! The log lines for operators, and secrets that no log contains.

use std::sync::Mutex;

use log::{LevelFilter, Log, Metadata, Record};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::bodies::REPOSITORY;
use crate::rig::{FIGMA_TOKEN, GITHUB_TOKEN, Rig, json};

/// Every line of every crate, with its target.
struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{} {}", record.target(), record.args());
        self.0.lock().expect("no panic").push(line);
    }

    fn flush(&self) {}
}

#[tokio::test]
async fn each_request_has_a_line_and_no_line_has_a_token_or_a_query() {
    log::set_logger(&LINES).expect("the only logger");
    log::set_max_level(LevelFilter::Trace);

    let rig = Rig::new().await;
    let headers = [("etag", "\"1\""), ("x-ratelimit-remaining", "4999")];
    let answer = headers
        .into_iter()
        .fold(json(REPOSITORY), |answer, (name, value)| answer.insert_header(name, value))
        .insert_header("cache-control", "max-age=60");
    let echoes = ResponseTemplate::new(404).insert_header("x-ratelimit-remaining", GITHUB_TOKEN);
    rig.answers([(1, ResponseTemplate::new(503)), (1, answer), (1, echoes)]).await;
    for _ in 0..2 {
        rig.repository().await.expect("a repository");
    }
    let search = json!({"query": "private-words"});
    rig.text("github_search_issues", search).await.expect_err("nothing is there");
    rig.text("figma_get_file", json!({"file_key": "k"})).await.expect_err("nothing is there");
    drop(rig);

    let lines = LINES.0.lock().expect("no panic").clone();
    let ours: Vec<&String> = lines.iter().filter(|line| line.starts_with("mcp_")).collect();
    for part in [
        "GitHub: GET /repos/octocat/Hello-World -> 503, 0 bytes, ",
        "Request failed (503): Service Unavailable; retrying in ",
        &format!("GitHub: GET /repos/octocat/Hello-World -> 200, {} bytes, ", REPOSITORY.len()),
        ", attempt 2, quota left 4999",
        "GitHub: answered from the cache",
        "GitHub: GET /search/issues -> 404, 0 bytes, ",
        ", attempt 1, quota left unknown",
        "Figma: GET /v1/files/k -> 404",
    ] {
        assert!(ours.iter().any(|line| line.contains(part)), "{part}: {ours:#?}");
    }
    assert!(!ours.iter().any(|line| line.contains("private-words")), "{ours:#?}");
    // The mock server logs its own requests.
    let mut clients = lines.iter().filter(|line| !line.starts_with("wiremock"));
    let told = clients.find(|line| line.contains(GITHUB_TOKEN) || line.contains(FIGMA_TOKEN));
    assert_eq!(told, None);
}
