//! A tree, shown as rows: level by level as many as fit, in the order of the tree. The next
//! page continues with the following nodes, in the order of the levels.

use std::ops::Range;

use serde_json::Value;

use super::blobs::Blobs;
use super::budget::{Budget, Rows, Written, most_rows, write_rows};
use super::cursor::{Key, Order, Place};
use super::fields::Fields;
use super::format::{Content, Format, Notes, write_as};
use super::select;
use mcp_core::action::{Tree, TreeNode};
use mcp_core::error::ActionError;

/// The deepest level that is looked into.
const DEEPEST: usize = 128;

/// Returns a row for each node of a tree, in the order of the tree.
pub(super) fn rows(value: &Value, tree: Tree) -> Vec<Value> {
    Levels::of(value, tree, usize::MAX).rows(0..usize::MAX)
}

/// A tree that is to be written.
pub(super) struct Shown<'a> {
    pub(super) value: &'a Value,
    pub(super) tree: Tree,
    /// The last row of the page before.
    pub(super) after: Option<Place>,
    /// Returns the cursor behind a row.
    pub(super) cursor: &'a dyn Fn(Place) -> String,
    pub(super) incomplete: Option<&'a str>,
}

impl Shown<'_> {
    /// Writes as many rows as fit, the highest levels first.
    ///
    /// # Errors
    /// Returns `InvalidParams` if the budget is too small for a handle.
    pub(super) fn write(
        &self,
        format: Format,
        budget: Budget,
        blobs: &Blobs,
    ) -> Result<Written, ActionError> {
        let start = self.after.map_or(0, |place| start_behind(self.value, self.tree, place));
        // A row takes a token at least: no more rows can fit.
        let most = start.saturating_add(budget.rows());
        let levels = Levels::of(self.value, self.tree, most.saturating_add(1));
        let there = levels.nodes.len();
        let asked = format;
        let behind = |end: usize| (end < there).then(|| (self.cursor)(levels.place(end - 1)));
        let attempt = |count: usize, format: Format| {
            let end = start + count;
            if end > most {
                return None;
            }
            let items = select::items(levels.rows(start..end), &Fields::Summary, &[]);
            let content =
                if items.is_empty() { Content::Nothing(&[]) } else { Content::Rows(&items) };
            let next = if count == 0 { None } else { behind(end) };
            let notes = Notes { next: next.as_deref(), incomplete: self.incomplete };
            let text = write_as(content, notes, format, asked)?;
            budget.holds(&text).then_some(Written { text, format, rows: count })
        };
        if let Some(written) = most_rows(there.saturating_sub(start), format, attempt) {
            return Ok(written);
        }
        let items = select::items(levels.rows(start..start + 1), &Fields::Summary, &[]);
        let next = behind(start + 1);
        let cursor = |_: Option<usize>| next.clone().unwrap_or_default();
        let (header, more, incomplete) = (Vec::new(), next.is_some(), self.incomplete);
        let first = Rows { items, header, more, cursor: Some(&cursor), incomplete };
        write_rows(&first, format, budget, blobs)
    }
}

/// The number of the first row behind a place. If its row is gone, it is the row that took its number.
fn start_behind(value: &Value, tree: Tree, place: Place) -> usize {
    let index = place.index as usize;
    let near = Levels::of(value, tree, index.saturating_add(1));
    if index < near.nodes.len() && near.key(index) == place.key {
        return index + 1;
    }
    let levels = Levels::of(value, tree, usize::MAX);
    let found = (0..levels.nodes.len()).find(|at| levels.key(*at) == place.key);
    found.map_or(index.min(levels.nodes.len()), |at| at + 1)
}

/// The nodes of a tree, level by level; in each level in the order of the tree.
struct Levels<'a> {
    tree: Tree,
    nodes: Vec<Node<'a>>,
    tops: usize,
}

struct Node<'a> {
    value: &'a Value,
    context: &'a Value,
    depth: usize,
    parent: Option<usize>,
    /// The numbers of its children; empty while they are not listed.
    below: Range<usize>,
}

impl<'a> Levels<'a> {
    /// Lists at least so many nodes, if there are, with all children of their parents.
    fn of(value: &'a Value, tree: Tree, most: usize) -> Self {
        let top = |(value, context)| Node { value, context, depth: 0, parent: None, below: 0..0 };
        let mut nodes: Vec<Node<'a>> = (tree.tops)(value).into_iter().map(top).collect();
        let tops = nodes.len();
        let mut at = 0;
        while at < nodes.len() && nodes.len() < most {
            let Node { value, context, depth, .. } = nodes[at];
            if depth < DEEPEST {
                let first = nodes.len();
                let child = |value: &'a Value| {
                    let (depth, parent) = (depth + 1, Some(at));
                    Node { value, context, depth, parent, below: 0..0 }
                };
                let children = (tree.children)(value).iter().filter(|child| child.is_object());
                nodes.extend(children.map(child));
                nodes[at].below = first..nodes.len();
            }
            at += 1;
        }
        Self { tree, nodes, tops }
    }

    /// Returns the rows of these nodes, in the order of the tree.
    fn rows(&self, shown: Range<usize>) -> Vec<Value> {
        let mut nodes = Vec::new();
        // Those to be looked at next are at its end.
        let mut waiting: Vec<usize> = (0..self.tops.min(shown.end)).rev().collect();
        while let Some(at) = waiting.pop() {
            let node = &self.nodes[at];
            let children = (self.tree.children)(node.value).iter().filter(|it| it.is_object());
            let before = node.below.end.min(shown.end).saturating_sub(node.below.start);
            waiting.extend((node.below.start..node.below.start + before).rev());
            if shown.contains(&at) {
                let parent = node.parent.filter(|parent| *parent < shown.start);
                nodes.push(TreeNode {
                    value: node.value,
                    context: node.context,
                    depth: node.depth,
                    hidden: children.count().saturating_sub(before),
                    parent: parent.map(|parent| self.nodes[parent].value),
                });
            }
        }
        (self.tree.rows)(&nodes)
    }

    fn key(&self, at: usize) -> Key {
        Key::of(self.nodes[at].value.get("id"))
    }

    fn place(&self, at: usize) -> Place {
        let index = u32::try_from(at).unwrap_or(u32::MAX);
        Place { key: self.key(at), page: 0, index, order: Order::Unknown }
    }
}

/// What is at a path of a result, in which `*` is every member of an object.
pub(super) fn tops(value: &Value, at: &str) -> Vec<Value> {
    let mut found = vec![value];
    for name in at.split('.') {
        found = found
            .into_iter()
            .flat_map(|value| match (name, value) {
                ("*", Value::Object(members)) => members.values().collect(),
                ("*", Value::Array(items)) => items.iter().collect(),
                (name, value) => value.get(name).into_iter().collect::<Vec<_>>(),
            })
            .collect();
    }
    found.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_to_every_top() {
        let answer = json!({"nodes": {"1:2": {"document": {"id": "1:2"}}, "9:9": null, "1:3":
            {"document": {"id": "1:3"}}}});
        assert_eq!(tops(&answer, "nodes.*.document"), [json!({"id": "1:2"}), json!({"id": "1:3"})]);
        assert!(tops(&answer, "pages.*").is_empty());
    }
}
