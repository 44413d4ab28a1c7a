//! Commands of the DevTools protocol, and their errors.

use fantoccini::error::CmdError;
use serde_json::Value;

/// A command to the browser, or to the page or frame of a session.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub(super) session: Option<String>,
    pub(super) method: &'static str,
    pub(super) params: Value,
}

/// The error of a command.
#[derive(Debug, thiserror::Error)]
pub(super) enum DevToolsError {
    #[error("the browser rejected the command: {0}")]
    Rejected(String),
    /// The result lacks a field that the protocol guarantees.
    #[error("the browser's result is incomplete: {0}")]
    Incomplete(Value),
    #[error("the tab crashed")]
    Crashed,
    #[error("the browser ended")]
    Ended,
    #[error(transparent)]
    Driver(Box<CmdError>),
}

impl From<CmdError> for DevToolsError {
    fn from(error: CmdError) -> Self {
        Self::Driver(Box::new(error))
    }
}
