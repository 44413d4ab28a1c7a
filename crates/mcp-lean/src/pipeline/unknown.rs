//! Rejects fields that are not in the result: before the action runs if its schema says so, otherwise
//! when no row has them.

use serde_json::Value;

use super::known::{Known, in_schema, row_of, schema_at};
use crate::fields::{self, FieldPath, Fields};
use crate::kept::is_kept;
use crate::query::LeanQuery;
use mcp_core::action::{Action, Effect, Shape};
use mcp_core::error::ActionError;

/// The maximum number of known fields in an error.
const MAX_NAMED: usize = 60;

/// The fields of a query that no row had so far, and that no schema excludes.
pub(super) struct UnknownFields {
    paths: Vec<String>,
    /// The fields of the rows so far, for the error.
    names: Vec<String>,
    has_rows: bool,
}

impl UnknownFields {
    /// Looks the fields of a query up in the schema of the result.
    ///
    /// # Errors
    /// Returns `InvalidParams` if the schema excludes one.
    pub(super) fn check(action: &Action, query: &LeanQuery) -> Result<Self, ActionError> {
        let view = &action.doc.view;
        let at = match view.shape {
            Shape::Rows { at, .. } => at,
            _ => "",
        };
        let rows = row_of(schema_at(action.lean_schema(), at));
        let result = row_of(action.lean_schema());
        let named: &[FieldPath] = match &query.fields {
            Fields::Named(paths) => paths,
            _ => &[],
        };
        let shown =
            |path: &FieldPath| view.columns.iter().any(|column| column.name == path.as_str());
        // Reductions may also use the names of the summary.
        let reduced = query.reductions.paths().filter(|path| !shown(path));
        let mut unknown = Self { paths: Vec::new(), names: Vec::new(), has_rows: false };
        for path in named.iter().chain(reduced) {
            if view.optional.contains(&path.first()) {
                continue;
            }
            let around = in_schema(result, path.as_str());
            match in_schema(rows, path.as_str()) {
                Known::Yes => {}
                Known::No(_) if at.is_empty() || around == Known::Yes => {
                    if around != Known::Yes {
                        return Err(rejection(path.as_str(), &names(around)));
                    }
                }
                _ if !at.is_empty() && around == Known::Yes => {}
                // After a write it is too late to reject the call.
                _ if action.effect == Effect::Write && !is_kept(action) => {}
                _ => unknown.paths.push(path.as_str().to_owned()),
            }
        }
        Ok(unknown)
    }

    /// Looks for the fields in a row.
    pub(super) fn see(&mut self, row: &Value) {
        self.has_rows = true;
        if self.paths.is_empty() {
            return;
        }
        self.paths.retain(|path| !fields::is_in(row, path));
        if !self.paths.is_empty() {
            for name in fields::names_in(row, MAX_NAMED) {
                if self.names.len() < MAX_NAMED && !self.names.contains(&name) {
                    self.names.push(name);
                }
            }
        }
    }

    /// Ends the search.
    ///
    /// # Errors
    /// Returns `InvalidParams` if there were rows, and none had a field.
    pub(super) fn finish(self) -> Result<(), ActionError> {
        match self.paths.first() {
            Some(path) if self.has_rows => Err(rejection(path, &self.names)),
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

fn rejection(path: &str, known: &[String]) -> ActionError {
    if known.is_empty() {
        return ActionError::invalid(format!("unknown field {path:?}: the result has no fields"));
    }
    let known: Vec<&str> = known.iter().take(MAX_NAMED).map(String::as_str).collect();
    ActionError::invalid(format!("unknown field {path:?}: use {}", known.join(", ")))
}
