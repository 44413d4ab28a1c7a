//! Requests in an agent's words, each with the action that fits.

use std::fs;

use crate::repository;

/// A file of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestFile {
    /// Used while choosing the search words of the actions.
    Tuning,
    /// Not used for that, so its results hold for unseen requests.
    HeldOut,
}

/// A request and its action.
#[derive(Clone, Debug)]
pub struct AgentRequest {
    /// The action that fits the request.
    pub action: String,
    /// The request.
    pub words: String,
}

/// Reads the requests of a file, `tests/requests/*.tsv`.
#[must_use]
pub fn agent_requests(file: RequestFile) -> Vec<AgentRequest> {
    let path = match file {
        RequestFile::Tuning => "tests/requests/tuning.tsv",
        RequestFile::HeldOut => "tests/requests/held_out.tsv",
    };
    let text = fs::read_to_string(repository().join(path)).expect(path);
    let read = |line: &str| {
        let (action, words) = line.split_once('\t').expect("an action, a tab and a request");
        AgentRequest { action: action.into(), words: words.into() }
    };
    text.lines().map(read).collect()
}
