//! The nodes of a file as rows: id, depth, name, type, size, text and styles. `children` is the number of
//! children that are not shown, `parent` the id of a parent on an earlier page. `figma_get_nodes` returns
//! the whole node.
//!
//! The fields are Figma's, <https://developers.figma.com/docs/rest-api/file-node-types/>, except `size`
//! (from `absoluteBoundingBox`) and `text` (from `characters`). The first mention of a style defines a
//! letter for it, as in `a=1:7 Brand/Primary`; later mentions are the letter.

use std::collections::HashMap;

use mcp_core::action::{Tree, TreeNode};
use serde_json::{Map, Value, json};

/// The maximum length of a node's text, in characters. A truncated text ends in an ellipsis.
const MAX_TEXT: usize = 40;
/// The maximum length of a node's name, in characters.
const MAX_NAME: usize = 60;
/// The tree of a file (`figma_get_file`): its pages are the first level.
pub(super) const OF_FILE: Tree = Tree { tops: pages, children, rows };

/// The trees of some nodes of a file (`figma_get_nodes`).
pub(super) const OF_NODES: Tree = Tree { tops: nodes, children, rows: rows_of_nodes };

/// Returns the pages of a file, each with the file's styles.
fn pages(file: &Value) -> Vec<(&Value, &Value)> {
    let pages = children(&file["document"]).iter().filter(|page| page.is_object());
    pages.map(|page| (page, &file["styles"])).collect()
}

/// Returns the requested nodes, each with its styles.
fn nodes(response: &Value) -> Vec<(&Value, &Value)> {
    let nodes = response["nodes"].as_object().into_iter().flat_map(Map::values);
    let nodes = nodes.map(|node| (&node["document"], &node["styles"]));
    nodes.filter(|(node, _)| node.is_object()).collect()
}

fn rows(nodes: &[TreeNode<'_>]) -> Vec<Value> {
    let mut styles = Styles::default();
    nodes.iter().map(|node| row(node, &mut styles)).collect()
}

/// Returns the rows of nodes, with the whole text of a requested node.
fn rows_of_nodes(nodes: &[TreeNode<'_>]) -> Vec<Value> {
    let mut rows = rows(nodes);
    for (row, node) in rows.iter_mut().zip(nodes).filter(|(_, node)| node.depth == 0) {
        if let Some(text) = node.value["characters"].as_str() {
            row["text"] = text.into();
        }
    }
    rows
}

fn row(node: &TreeNode<'_>, styles: &mut Styles) -> Value {
    let TreeNode { value, context, depth, hidden, parent } = *node;
    let mut row = Map::new();
    row.insert("id".into(), value["id"].clone());
    row.insert("depth".into(), depth.into());
    if let Some(parent) = parent {
        row.insert("parent".into(), parent["id"].clone());
    }
    row.insert("name".into(), truncated(&value["name"], MAX_NAME));
    row.insert("type".into(), value["type"].clone());
    if let Some(size) = size(&value["absoluteBoundingBox"]) {
        row.insert("size".into(), size.into());
    }
    if value["characters"].is_string() {
        row.insert("text".into(), truncated(&value["characters"], MAX_TEXT));
    }
    let of_node = styles.of(&value["styles"], context);
    if !of_node.is_empty() {
        row.insert("styles".into(), of_node.into());
    }
    if hidden > 0 {
        row.insert("children".into(), hidden.into());
    }
    if value["visible"] == false {
        row.insert("visible".into(), json!(false));
    }
    row.into()
}

/// The letters of the styles that were mentioned already, by id.
#[derive(Default)]
struct Styles(HashMap<String, String>);

impl Styles {
    /// Returns the styles of a node. `names` are the file's styles.
    fn of(&mut self, of_node: &Value, names: &Value) -> Vec<Value> {
        let ids = of_node.as_object().into_iter().flat_map(Map::values).filter_map(Value::as_str);
        let mut shown: Vec<Value> = Vec::new();
        for id in ids {
            if let Some(letter) = self.0.get(id) {
                shown.push(letter.as_str().into());
                continue;
            }
            let letter = letter(self.0.len());
            let name = names[id]["name"].as_str().unwrap_or_default();
            shown.push(format!("{letter}={id} {name}").trim_end().into());
            self.0.insert(id.to_owned(), letter);
        }
        shown
    }
}

/// Returns `a` to `z`, then `aa` and so on.
fn letter(mut number: usize) -> String {
    let mut letters = Vec::new();
    loop {
        let digit = u8::try_from(number % 26).expect("it is below 26");
        letters.push(char::from(b'a' + digit));
        match number / 26 {
            0 => return letters.iter().rev().collect(),
            more => number = more - 1,
        }
    }
}

fn children(node: &Value) -> &[Value] {
    node["children"].as_array().map_or(&[], Vec::as_slice)
}

/// Returns a size such as `1440x900`, in whole pixels.
fn size(frame: &Value) -> Option<String> {
    let (width, height) = (frame["width"].as_f64()?, frame["height"].as_f64()?);
    Some(format!("{}x{}", width.round(), height.round()))
}

fn truncated(text: &Value, limit: usize) -> Value {
    let Some(text) = text.as_str() else { return text.clone() };
    match text.char_indices().nth(limit) {
        None => text.into(),
        Some(_) => text.chars().take(limit - 1).chain(['…']).collect::<String>().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Value {
        json!({
            "name": "Landing page",
            "document": {"id": "0:0", "name": "Document", "type": "DOCUMENT", "children": [
                {"id": "0:1", "name": "Page 1", "type": "CANVAS", "children": [
                    {"id": "1:2", "name": "Header", "type": "FRAME", "styles": {"fill": "1:7"},
                     "absoluteBoundingBox": {"x": 0.0, "y": 0.0, "width": 1440.0, "height": 80.4},
                     "children": [
                        {"id": "1:3", "name": "Title", "type": "TEXT", "visible": false,
                         "characters": "a".repeat(50), "styles": {"fill": "1:7", "text": "1:8"}},
                        {"id": "1:4", "name": "Icon", "type": "VECTOR"},
                    ]},
                ]},
                {"id": "0:2", "name": "Page 2", "type": "CANVAS", "children": []},
            ]},
            "styles": {"1:7": {"name": "Brand/Primary"}, "1:8": {"name": "Heading"}},
        })
    }

    fn node<'a>(value: &'a Value, context: &'a Value, depth: usize, hidden: usize) -> TreeNode<'a> {
        TreeNode { value, context, depth, hidden, parent: None }
    }

    #[test]
    fn a_row_says_what_is_hidden_and_styles_are_named_once() {
        let file = file();
        let (page, styles) = (OF_FILE.tops)(&file)[0];
        let header = &children(page)[0];
        let title = &children(header)[0];
        let nodes = [
            node(page, styles, 0, 0),
            TreeNode { parent: Some(page), ..node(header, styles, 1, 1) },
            node(title, styles, 2, 0),
        ];
        assert_eq!(
            (OF_FILE.rows)(&nodes),
            [
                json!({"id": "0:1", "depth": 0, "name": "Page 1", "type": "CANVAS"}),
                json!({
                    "id": "1:2", "depth": 1, "parent": "0:1", "name": "Header", "type": "FRAME",
                    "size": "1440x80", "styles": ["a=1:7 Brand/Primary"], "children": 1,
                }),
                json!({
                    "id": "1:3", "depth": 2, "name": "Title", "type": "TEXT", "visible": false,
                    "text": "a".repeat(39) + "…", "styles": ["a", "b=1:8 Heading"],
                }),
            ]
        );
    }

    #[test]
    fn the_text_of_a_node_that_was_asked_for_is_whole() {
        let text = json!({"id": "1:3", "name": "T", "type": "TEXT", "characters": "b".repeat(90)});
        let answer = json!({"nodes": {"1:3": {"document": text, "styles": {}}, "9:9": null}});
        let tops = (OF_NODES.tops)(&answer);
        assert_eq!(tops.len(), 1);
        let rows =
            (OF_NODES.rows)(&[node(tops[0].0, tops[0].1, 0, 0), node(tops[0].0, tops[0].1, 1, 0)]);
        assert_eq!(rows[0]["text"], "b".repeat(90));
        assert_eq!(rows[1]["text"], "b".repeat(39) + "…");
    }

    #[test]
    fn there_are_letters_enough() {
        for (number, expected) in
            [(0, "a"), (25, "z"), (26, "aa"), (51, "az"), (52, "ba"), (702, "aaa")]
        {
            assert_eq!(letter(number), expected);
        }
    }

    #[test]
    fn what_is_no_tree_has_no_rows() {
        for answer in [json!({}), json!([]), json!({"document": 5, "nodes": []}), json!(null)] {
            let tops = [(OF_FILE.tops)(&answer), (OF_NODES.tops)(&answer)].concat();
            assert!(tops.is_empty(), "{answer}");
        }
    }
}
