//! Fields that somebody names and that are nowhere.

use serde_json::Value;

use super::fields::{self, Fields};
use super::known::{Known, in_schema, row_of, schema_at};
use super::query::LeanQuery;
use mcp_core::action::{Action, Effect, Shape};
use mcp_core::error::ActionError;

/// How many names are said of those that are there.
const MOST_NAMED: usize = 60;

/// The named fields of which only the data will say whether they are there.
pub(super) struct Unknown {
    paths: Vec<String>,
    names: Vec<String>,
    seen: bool,
}

impl Unknown {
    /// Looks the named fields up before the action runs.
    ///
    /// # Errors
    /// When the schema of the result, or of its rows, has no such field.
    pub(super) fn check(action: &Action, query: &LeanQuery) -> Result<Self, ActionError> {
        let view = &action.doc.view;
        let at = match view.shape {
            Shape::Rows { at, .. } => at,
            _ => "",
        };
        // A path leads on from a row: no number of one is a part of it.
        let rows = row_of(schema_at(action.lean_schema(), at));
        let result = row_of(action.lean_schema());
        let named: &[fields::FieldPath] = match &query.fields {
            Fields::Named(paths) => paths,
            _ => &[],
        };
        let shown = |path: &fields::FieldPath| {
            view.columns.iter().any(|column| column.name == path.as_str())
        };
        // A summary's own names can be reduced by; a field that is named is the result's.
        let reduced = query.reductions.paths().filter(|path| !shown(path));
        let mut unknown = Self { paths: Vec::new(), names: Vec::new(), seen: false };
        for path in named.iter().chain(reduced) {
            if view.optional.contains(&path.first()) {
                continue;
            }
            let around = in_schema(result, path.as_str());
            match in_schema(rows, path.as_str()) {
                Known::Yes => {}
                Known::No(_) if at.is_empty() || around == Known::Yes => {
                    if around != Known::Yes {
                        return Err(refusal(path.as_str(), &names(around)));
                    }
                }
                _ if !at.is_empty() && around == Known::Yes => {}
                // After a write it is too late to reject the call.
                _ if action.effect == Effect::Write => {}
                _ => unknown.paths.push(path.as_str().to_owned()),
            }
        }
        Ok(unknown)
    }

    /// Looks for the fields in a row.
    pub(super) fn see(&mut self, row: &Value) {
        self.seen = true;
        if self.paths.is_empty() {
            return;
        }
        self.paths.retain(|path| !fields::is_in(row, path));
        if !self.paths.is_empty() {
            for name in fields::names_in(row, MOST_NAMED) {
                if self.names.len() < MOST_NAMED && !self.names.contains(&name) {
                    self.names.push(name);
                }
            }
        }
    }

    /// Says what was nowhere. Where there was no row, nothing is known.
    ///
    /// # Errors
    /// When a field was in no row: the message lists those that are.
    pub(super) fn end(self) -> Result<(), ActionError> {
        match self.paths.first() {
            Some(path) if self.seen => Err(refusal(path, &self.names)),
            _ => Ok(()),
        }
    }
}

fn names(known: Known) -> Vec<String> {
    match known {
        Known::No(names) => names,
        _ => Vec::new(),
    }
}

fn refusal(path: &str, known: &[String]) -> ActionError {
    if known.is_empty() {
        return ActionError::invalid(format!("Unknown field: {path}: the result has no fields"));
    }
    let known: Vec<&str> = known.iter().take(MOST_NAMED).map(String::as_str).collect();
    ActionError::invalid(format!("Unknown field: {path}. Known: {}", known.join(", ")))
}
