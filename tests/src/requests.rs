//! Requests in an agent's words, each with the action that answers it.

use std::fs;

use crate::repository;

/// Which of the two files a request is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Looked at while the words of the actions are chosen.
    Tuning,
    /// Never looked at meanwhile: what it says holds for requests that nobody has seen.
    HeldOut,
}

/// A request and what answers it.
#[derive(Clone, Debug)]
pub struct AgentRequest {
    /// The action that answers it.
    pub action: String,
    /// What the agent wants, in its words.
    pub words: String,
}

/// The requests of a half: `tests/requests/*.tsv`.
///
/// # Panics
/// When the file is not there or a line has not two columns.
#[must_use]
pub fn agent_requests(half: Half) -> Vec<AgentRequest> {
    let file = match half {
        Half::Tuning => "tests/requests/tuning.tsv",
        Half::HeldOut => "tests/requests/held_out.tsv",
    };
    let text = fs::read_to_string(repository().join(file)).expect(file);
    let read = |line: &str| {
        let (action, words) = line.split_once('\t').expect("an action, a tab and a request");
        AgentRequest { action: action.into(), words: words.into() }
    };
    text.lines().map(read).collect()
}
