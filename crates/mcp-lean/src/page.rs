//! Writes the pages of an answer: as many rows as fit, and handles for a value that does not fit alone.

use serde_json::Value;

use super::blobs::{Blobs, JSON, TEXT};
use super::budget::{Budget, Fitted, longest};
use super::cursor::Place;
use super::fields::Fields;
use super::format::{Content, Format, Notes};
use super::reduce::size;
use super::select::Selection;
use super::tree::Levels;
use mcp_core::action::Tree;
use mcp_core::error::ActionError;

/// Values of fewer bytes are shown: a handle would not be smaller.
const MIN_HANDLED: usize = 80;

/// A text within its budget.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) format: Format,
    pub(crate) fitted: Fitted,
    /// Whether a cursor for more is in it.
    pub(crate) has_next: bool,
}

/// Writes one page: its format, its limit, and the store for handles.
#[derive(Clone, Copy)]
pub(crate) struct PageWriter<'a> {
    pub(crate) format: Format,
    pub(crate) incomplete: Option<&'a str>,
    pub(crate) budget: Budget,
    pub(crate) blobs: &'a Blobs,
}

impl PageWriter<'_> {
    /// Writes as many rows as fit. If the first alone does not fit, its largest values become handles.
    pub(crate) fn rows(
        self,
        values: &[Value],
        selection: Selection<'_>,
        more: bool,
        has_cursor: bool,
        cursor_after: &dyn Fn(usize) -> String,
    ) -> Result<Written, ActionError> {
        let content = Content::list(values, selection);
        let next_after = |count: usize| {
            (has_cursor && (more || count < values.len())).then(|| cursor_after(count))
        };
        let written = self.longest(&content, values.len(), |count, format| {
            // Without a cursor, the rows that are left out would be lost.
            (has_cursor || count == values.len()).then(|| {
                let next = next_after(count);
                let notes = Notes { next: next.as_deref(), incomplete: self.incomplete };
                content.write(count, format, notes)
            })
        });
        match (written, values) {
            (Some(written), _) => {
                Ok(Written { has_next: next_after(written.fitted.parts).is_some(), ..written })
            }
            (None, [first, ..]) if has_cursor => {
                let next = next_after(1);
                self.shrink(&Content::one(first, selection), |value| {
                    let content = Content::list(std::slice::from_ref(value), Selection::ALL);
                    self.whole(&content, next.as_deref())
                })
            }
            (None, _) => self.one(&content.to_json(), Selection::ALL),
        }
    }

    /// Writes one value. If it does not fit, its largest members or all of it become handles.
    pub(crate) fn one(
        self,
        value: &Value,
        selection: Selection<'_>,
    ) -> Result<Written, ActionError> {
        let content = Content::one(value, selection);
        match self.whole(&content, None) {
            Some(written) => Ok(written),
            None => self
                .shrink(&content, |value| self.whole(&Content::one(value, Selection::ALL), None)),
        }
    }

    /// Writes content blocks as one value, or else as rows, as many as fit.
    pub(crate) fn contents(
        self,
        value: &Value,
        selection: Selection<'_>,
        cursor_after: &dyn Fn(usize) -> String,
    ) -> Result<Written, ActionError> {
        let blocks = value.as_object().and_then(|members| members.values().next()?.as_array());
        match (self.whole(&Content::one(value, selection), None), blocks, selection.fields) {
            (Some(written), ..) => Ok(written),
            (None, Some(blocks), Fields::Summary | Fields::All) => {
                self.rows(blocks, Selection::ALL, false, true, cursor_after)
            }
            _ => self.one(value, selection),
        }
    }

    /// Writes as many characters of a text as fit. `cursor_at` returns the cursor at a byte of it.
    pub(crate) fn text(
        self,
        text: &str,
        more: bool,
        cursor_at: &dyn Fn(usize) -> String,
    ) -> Result<Written, ActionError> {
        let ends: Vec<usize> = text.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
        let all = Value::from(text);
        let end_of = |count: usize| count.checked_sub(1).map_or(0, |last| ends[last]);
        let has_next = |count: usize| more || end_of(count) < text.len();
        self.longest(&Content::one(&all, Selection::ALL), ends.len(), |count, format| {
            let end = end_of(count);
            let next = has_next(count).then(|| cursor_at(end));
            let notes = Notes { next: next.as_deref(), incomplete: None };
            Some(Content::one(&text[..end].into(), Selection::ALL).write(1, format, notes))
        })
        .map(|written| Written { has_next: has_next(written.fitted.parts), ..written })
        .ok_or_else(too_small)
    }

    /// Writes as many nodes of a tree as fit, the highest levels first.
    pub(crate) fn tree(
        self,
        value: &Value,
        tree: Tree,
        after: Option<Place>,
        cursor: &dyn Fn(Place) -> String,
    ) -> Result<Written, ActionError> {
        let levels = Levels::after(value, tree, after, self.budget.rows());
        let all = levels.rows(levels.len());
        let next_after = |count: usize| levels.place_after(count).map(cursor);
        let written =
            self.longest(&Content::list(&all, Selection::ALL), levels.len(), |count, format| {
                let rows = levels.rows(count);
                let next = next_after(count);
                let notes = Notes { next: next.as_deref(), incomplete: self.incomplete };
                Some(Content::list(&rows, Selection::ALL).write(count, format, notes))
            });
        if let Some(written) = written {
            return Ok(Written { has_next: next_after(written.fitted.parts).is_some(), ..written });
        }
        let next = next_after(1);
        let cursor_after = |_| next.clone().unwrap_or_default();
        self.rows(&levels.rows(1), Selection::ALL, next.is_some(), true, &cursor_after)
    }

    /// Returns the most parts that fit, in the format that takes the fewest tokens for them.
    fn longest(
        self,
        content: &Content<'_>,
        length: usize,
        write: impl Fn(usize, Format) -> Option<String>,
    ) -> Option<Written> {
        let formats = content.formats(self.format).into_iter().rev();
        let fit = |format| {
            longest(length, self.budget, |count| write(count, format)).map(|fitted| Written {
                format,
                fitted,
                has_next: false,
            })
        };
        formats
            .filter_map(fit)
            .max_by_key(|it| (it.fitted.parts, std::cmp::Reverse(it.fitted.tokens)))
    }

    /// Writes one row or value whole, if it fits.
    fn whole(self, content: &Content<'_>, next: Option<&str>) -> Option<Written> {
        let notes = Notes { next, incomplete: self.incomplete };
        self.longest(content, 1, |_, format| Some(content.write(content.len(), format, notes)))
            .map(|written| Written { has_next: next.is_some(), ..written })
    }

    /// Puts handles in place of the largest members, then of all of the value, until it fits.
    fn shrink(
        self,
        content: &Content<'_>,
        write: impl Fn(&Value) -> Option<Written>,
    ) -> Result<Written, ActionError> {
        if let Value::Object(members) = content.to_flat() {
            let mut left = members.clone();
            let mut large: Vec<&String> =
                members.keys().filter(|name| size(&members[*name]) >= MIN_HANDLED).collect();
            large.sort_by_key(|name| std::cmp::Reverse(size(&members[*name])));
            left.retain(|name, _| !large.contains(&name));
            // Handles are of use only if the small members fit.
            if write(&Value::Object(left)).is_some() {
                let mut left = members.clone();
                for name in large {
                    left[name] = self.keep(&members[name])?;
                    if let Some(written) = write(&Value::Object(left.clone())) {
                        return Ok(written);
                    }
                }
            }
        }
        write(&self.keep(&content.to_json())?).ok_or_else(too_small)
    }

    /// Keeps a value and returns its handle: a text as itself, any other value as JSON.
    fn keep(self, value: &Value) -> Result<Value, ActionError> {
        match value {
            Value::String(text) => self.blobs.keep(TEXT, text.clone().into_bytes()),
            value => self.blobs.keep(JSON, value.to_string().into_bytes()),
        }
    }
}

fn too_small() -> ActionError {
    ActionError::invalid("max_tokens is too small for this result: use a larger one")
}
