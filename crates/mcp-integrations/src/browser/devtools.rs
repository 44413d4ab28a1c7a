//! A command of the DevTools protocol, and why it has no result.

use fantoccini::error::CmdError;
use serde_json::Value;

/// A command to the browser, or to the page or frame of a session.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub(super) session: Option<String>,
    pub(super) method: &'static str,
    pub(super) params: Value,
}

/// Why a command has no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum DevToolsError {
    /// The browser rejected the command, for this reason.
    #[error("the browser rejected the command: {0}")]
    Rejected(String),
    /// The result lacks a member that the protocol promises.
    #[error("the browser's result is incomplete: {0}")]
    Incomplete(Value),
    /// The process of the page ended.
    #[error("the tab crashed")]
    Crashed,
    /// The browser ended.
    #[error("the browser ended")]
    Ended,
    /// The WebDriver failed.
    #[error(transparent)]
    Driver(Box<CmdError>),
}

impl From<CmdError> for DevToolsError {
    fn from(error: CmdError) -> Self {
        Self::Driver(Box::new(error))
    }
}
