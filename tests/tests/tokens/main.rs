//! The tokens of calls and responses of a running server, compared with the accepted figures
//! (`tests/tokens/accepted.json`) and the targets.
//!
//! `scripts/tokens` shows the figures; `scripts/tokens --write` accepts them and writes
//! docs/TOKENS.md and its plot.

mod figures;
mod measured_server;
mod mock_servers;
mod questions;
mod report;
mod rows;
mod session;

use std::fs;

use service_tests::repository;

/// The file with the accepted figures.
const ACCEPTED: &str = "tests/tokens/accepted.json";

#[test]
fn no_figure_is_worse_than_the_accepted_one_or_its_target() {
    let server = measured_server::MeasuredServer::start();
    let mut figures = rows::all(&server);
    figures.extend(session::figures(&server));
    for figure in &figures {
        println!("{figure}");
    }
    if is_writing() {
        let text = figures::to_json(&figures);
        fs::create_dir_all(repository().join("tests/tokens")).expect("a folder");
        fs::write(repository().join(ACCEPTED), text).expect(ACCEPTED);
        report::write(&figures).expect("the report can be written");
    }
    let text = fs::read_to_string(repository().join(ACCEPTED)).expect(ACCEPTED);
    let accepted = figures::from_json(&text);
    let names: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
    let known: Vec<&str> = accepted.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, known, "scripts/tokens --write accepts other figures");
    let both = figures.iter().zip(&accepted);
    let worse: Vec<String> =
        both.filter_map(|(figure, (_, accepted))| figure.complaint(*accepted)).collect();
    assert!(worse.is_empty(), "{}", worse.join("\n"));
}

#[test]
fn the_lean_answers_hold_what_is_asked_of_them() {
    let server = measured_server::MeasuredServer::start();
    let outcome = questions::ask(&server);
    println!("{} questions, {} tokens beyond the first responses", outcome.asked, outcome.more);
    assert!(outcome.asked >= 100, "{}", outcome.asked);
    assert!(outcome.wrong.is_empty(), "{}", outcome.wrong.join("\n"));
}

/// Returns whether `scripts/tokens --write` runs this test.
#[expect(clippy::disallowed_methods, reason = "scripts/tokens sets the variable for this test")]
fn is_writing() -> bool {
    std::env::var_os("MCP_TEST_ACCEPT_FIGURES").is_some()
}
