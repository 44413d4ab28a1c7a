//! The status of connections, for people.

use std::fmt;
use std::sync::atomic::Ordering;

use mcp_core::action::Action;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::connection::Connection;

/// The status of a connection.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Status {
    /// The connection's name.
    pub name: String,
    /// The kind: `stdio`, `http` or `openapi`.
    pub kind: &'static str,
    /// The state: `connecting`, `ready`, `idle`, `failed` or `disabled`.
    pub state: &'static str,
    /// The tools, held ones included.
    pub tools: usize,
    /// The tools whose definitions changed and are not approved.
    pub held: usize,
    /// The calls since the start of the server.
    pub calls: u64,
    /// The failed calls since the start of the server.
    pub errors: u64,
    /// Why the last attempt to connect or the last call failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The seconds until the next attempt to connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_try: Option<f64>,
    /// The tokens of the definitions of its tools, which a prompt need not have.
    pub definition_tokens: usize,
    /// The attempts to connect since the start of the server.
    pub starts: u64,
    /// The new and changed definitions since the start of the server.
    pub changes: u64,
}

/// The changes after the file was read again.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Reload {
    /// The connections that are new or have other settings.
    pub started: Vec<String>,
    /// The connections that are not in the file any more.
    pub removed: Vec<String>,
    /// The number of connections that were not disturbed.
    pub unchanged: usize,
}

impl fmt::Display for Reload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { started, removed, unchanged } = self;
        write!(
            formatter,
            "{unchanged} unchanged, {} started ({}), {} removed ({})",
            started.len(),
            started.join(", "),
            removed.len(),
            removed.join(", ")
        )
    }
}

impl Status {
    pub(super) fn of(connection: &Connection, count: Option<fn(&str) -> usize>) -> Self {
        let (counters, known) = (&connection.counters, connection.known.lock());
        let tools = known.tools.clone();
        let error = known.error.as_deref().map(|error| connection.redactor.scrub(error));
        let status = Self {
            name: connection.name.clone(),
            kind: connection.settings.system.kind(),
            state: known.state.name(),
            tools: tools.as_ref().map_or(0, |tools| tools.len()),
            held: tools.as_ref().map_or(0, |tools| tools.held_actions.len()),
            calls: counters.calls.load(Ordering::Relaxed),
            errors: counters.errors.load(Ordering::Relaxed),
            error,
            next_try: known.next_try().map(|wait| wait.as_secs_f64()),
            definition_tokens: 0,
            starts: counters.starts.load(Ordering::Relaxed),
            changes: counters.changes.load(Ordering::Relaxed),
        };
        drop(known);
        let counted = count.zip(tools);
        let tokens = counted.map_or(0, |(count, tools)| {
            *tools
                .tokens
                .get_or_init(|| tools.actions.iter().map(|it| count(&definition(it))).sum())
        });
        Self { definition_tokens: tokens, ..status }
    }

    pub(super) fn broken(name: &str, reason: &str, is_disabled: bool) -> Self {
        Self {
            name: name.to_owned(),
            kind: "unknown",
            state: if is_disabled { "disabled" } else { "failed" },
            tools: 0,
            held: 0,
            calls: 0,
            errors: 0,
            error: Some(reason.to_owned()),
            next_try: None,
            definition_tokens: 0,
            starts: 0,
            changes: 0,
        }
    }
}

/// Returns the definition of a tool as the Model Context Protocol sends it.
fn definition(action: &Action) -> String {
    let description = action.doc.details.as_deref().unwrap_or(&action.doc.summary);
    json!({
        "name": action.name,
        "description": description,
        "inputSchema": action.params_schema,
    })
    .to_string()
}
