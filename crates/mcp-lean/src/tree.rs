//! A tree, shown as rows: level by level as many as fit, in the order of the tree. The next
//! page continues with the following nodes, in the order of the levels.

use std::ops::Range;

use serde_json::Value;

use super::cursor::{Key, Order, Place};
use mcp_core::action::{Tree, TreeNode};

/// The deepest level that is looked into.
const DEEPEST: usize = 128;

/// The nodes of a tree, level by level; in each level in the order of the tree.
pub(crate) struct Levels<'a> {
    tree: Tree,
    nodes: Vec<Node<'a>>,
    tops: usize,
    /// The nodes of this page that can be shown.
    page: Range<usize>,
}

struct Node<'a> {
    value: &'a Value,
    context: &'a Value,
    depth: usize,
    parent: Option<usize>,
    /// The indices of its children; empty until they are listed.
    below: Range<usize>,
}

impl<'a> Levels<'a> {
    /// Lists the nodes after a place: at least `limit` of them if there are as many.
    pub(crate) fn after(value: &'a Value, tree: Tree, after: Option<Place>, limit: usize) -> Self {
        let start = after.map_or(0, |place| start_after(value, tree, place));
        let end = start.saturating_add(limit);
        let mut levels = Self::of(value, tree, end.saturating_add(1));
        levels.page = start..end.min(levels.nodes.len()).max(start);
        levels
    }

    /// Returns the number of nodes of this page that can be shown.
    pub(crate) fn len(&self) -> usize {
        self.page.len()
    }

    /// Returns the rows of the first `count` nodes of this page, in the order of the tree.
    pub(crate) fn rows(&self, count: usize) -> Vec<Value> {
        self.rows_of(self.page.start..self.page.start + count)
    }

    /// Returns the place of the last of `count` nodes, if there are more after it.
    pub(crate) fn place_after(&self, count: usize) -> Option<Place> {
        let end = self.page.start + count;
        (count > 0 && end < self.nodes.len()).then(|| self.place(end - 1))
    }

    /// Lists at least `limit` nodes if there are as many, with all children of their parents.
    fn of(value: &'a Value, tree: Tree, limit: usize) -> Self {
        let top = |(value, context)| Node { value, context, depth: 0, parent: None, below: 0..0 };
        let mut nodes: Vec<Node<'a>> = (tree.tops)(value).into_iter().map(top).collect();
        let tops = nodes.len();
        let mut at = 0;
        while at < nodes.len() && nodes.len() < limit {
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
        let page = 0..nodes.len();
        Self { tree, nodes, tops, page }
    }

    fn rows_of(&self, shown: Range<usize>) -> Vec<Value> {
        let mut nodes = Vec::new();
        // A stack: the next node is at its end.
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

/// Returns the index of the first node after a place. If that node is gone, the one that took its index.
fn start_after(value: &Value, tree: Tree, place: Place) -> usize {
    let index = place.index as usize;
    let near = Levels::of(value, tree, index.saturating_add(1));
    if index < near.nodes.len() && near.key(index) == place.key {
        return index + 1;
    }
    let levels = Levels::of(value, tree, usize::MAX);
    let found = (0..levels.nodes.len()).find(|at| levels.key(*at) == place.key);
    found.map_or(index.min(levels.nodes.len()), |at| at + 1)
}

/// Returns a row for each node of a tree, in the order of the tree.
pub(crate) fn rows(value: &Value, tree: Tree) -> Vec<Value> {
    let levels = Levels::after(value, tree, None, usize::MAX);
    levels.rows(levels.len())
}

/// Returns the values at a path of a result, in which `*` stands for each member.
pub(crate) fn tops(value: &Value, at: &str) -> Vec<Value> {
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
