//! A file's tree of nodes as rows, in the order of the tree: number, depth, name, type, size, text
//! and styles of each. What a node is made of beyond that is its number away
//! (`figma_get_nodes`).
//!
//! The fields are Figma's, <https://developers.figma.com/docs/rest-api/file-node-types/>. Two are
//! short for more: `size` for `absoluteBoundingBox`, `text` for `characters`. A style is named where
//! it first stands, with its number and a letter, `a=1:7 Brand/Primary`; from then on it is its letter.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// The most characters of a node's text; of a text that was cut, the last is an ellipsis.
const LONGEST_TEXT: usize = 40;
/// The most characters of a node's name.
const LONGEST_NAME: usize = 60;
/// How deep a tree is looked into.
const DEEPEST: usize = 128;
/// What stands for the children of a node that are there and were not read: JSON that is nested more
/// deeply than a value holds is the text that it was (`mcp_core::json::value`).
const NOT_SHOWN: &str = "not shown: nested too deeply";

/// The rows of a file (`figma_get_file`), its pages first, down to so many levels below them.
pub(super) fn of_file(file: &Value, levels: usize) -> Vec<Value> {
    let mut outline = Outline::new(levels);
    for page in children(&file["document"]) {
        outline.add(page, 0, &file["styles"]);
    }
    outline.rows
}

/// The rows of some nodes of a file (`figma_get_nodes`), down to so many levels below them. The
/// text of a node that was asked for is whole.
pub(super) fn of_nodes(answer: &Value, levels: usize) -> Vec<Value> {
    let mut outline = Outline::new(levels);
    for node in answer["nodes"].as_object().into_iter().flat_map(Map::values) {
        let first = outline.rows.len();
        outline.add(&node["document"], 0, &node["styles"]);
        if let (Some(row), Some(text)) =
            (outline.rows.get_mut(first), node["document"]["characters"].as_str())
        {
            row["text"] = text.into();
        }
    }
    outline.rows
}

struct Outline {
    levels: usize,
    rows: Vec<Value>,
    /// The letters of the styles that were named already.
    named: HashMap<String, String>,
}

impl Outline {
    fn new(levels: usize) -> Self {
        Self { levels: levels.min(DEEPEST), rows: Vec::new(), named: HashMap::new() }
    }

    fn add(&mut self, node: &Value, depth: usize, styles: &Value) {
        if !node.is_object() {
            return;
        }
        let mut row = Map::new();
        row.insert("id".into(), node["id"].clone());
        row.insert("depth".into(), depth.into());
        row.insert("name".into(), cut(&node["name"], LONGEST_NAME));
        row.insert("type".into(), node["type"].clone());
        if let Some(size) = size(&node["absoluteBoundingBox"]) {
            row.insert("size".into(), size.into());
        }
        if node["characters"].is_string() {
            row.insert("text".into(), cut(&node["characters"], LONGEST_TEXT));
        }
        let of_node = self.styles(&node["styles"], styles);
        if !of_node.is_empty() {
            row.insert("styles".into(), of_node.into());
        }
        let below = children(node);
        let is_last = depth >= self.levels;
        if node["children"].is_string() || below.iter().any(Value::is_string) {
            row.insert("children".into(), NOT_SHOWN.into());
        } else if is_last && !below.is_empty() {
            row.insert("children".into(), below.len().into());
        }
        if node["visible"] == false {
            row.insert("visible".into(), json!(false));
        }
        self.rows.push(row.into());
        if !is_last {
            for child in below {
                self.add(child, depth + 1, styles);
            }
        }
    }

    /// The styles of a node, each named where it is the first time that it stands somewhere.
    fn styles(&mut self, of_node: &Value, styles: &Value) -> Vec<Value> {
        let ids = of_node.as_object().into_iter().flat_map(Map::values).filter_map(Value::as_str);
        let mut shown: Vec<Value> = Vec::new();
        for id in ids {
            if let Some(letter) = self.named.get(id) {
                shown.push(letter.as_str().into());
                continue;
            }
            let letter = letter(self.named.len());
            let name = styles[id]["name"].as_str().unwrap_or_default();
            shown.push(format!("{letter}={id} {name}").trim_end().into());
            self.named.insert(id.to_owned(), letter);
        }
        shown
    }
}

/// `a` to `z`, then `aa` and so on.
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

/// `1440x900`, in whole pixels.
fn size(frame: &Value) -> Option<String> {
    let (width, height) = (frame["width"].as_f64()?, frame["height"].as_f64()?);
    Some(format!("{}x{}", width.round(), height.round()))
}

fn cut(text: &Value, most: usize) -> Value {
    let Some(text) = text.as_str() else { return text.clone() };
    match text.char_indices().nth(most) {
        None => text.into(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect::<String>().into(),
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

    #[test]
    fn every_page_is_there_at_any_depth_and_styles_are_named_once() {
        assert_eq!(
            of_file(&file(), 0),
            [
                json!({"id": "0:1", "depth": 0, "name": "Page 1", "type": "CANVAS", "children": 1}),
                json!({"id": "0:2", "depth": 0, "name": "Page 2", "type": "CANVAS"}),
            ]
        );
        let rows = of_file(&file(), 1);
        assert_eq!(
            rows[1],
            json!({
                "id": "1:2", "depth": 1, "name": "Header", "type": "FRAME", "size": "1440x80",
                "styles": ["a=1:7 Brand/Primary"], "children": 2,
            })
        );
        let rows = of_file(&file(), 9);
        assert_eq!(rows.len(), 5);
        assert_eq!(
            rows[2],
            json!({
                "id": "1:3", "depth": 2, "name": "Title", "type": "TEXT", "visible": false,
                "text": "a".repeat(39) + "…", "styles": ["a", "b=1:8 Heading"],
            })
        );
        assert_eq!(rows[4]["id"], "0:2");
    }

    #[test]
    fn the_text_of_a_node_that_was_asked_for_is_whole() {
        let text = json!({"id": "1:3", "name": "T", "type": "TEXT", "characters": "b".repeat(90)});
        let answer = json!({"nodes": {"1:3": {"document": text, "styles": {}}, "9:9": null}});
        assert_eq!(of_nodes(&answer, 3).len(), 1);
        assert_eq!(of_nodes(&answer, 3)[0]["text"], "b".repeat(90));
    }

    #[test]
    fn what_is_nested_too_deeply_is_said_to_be_there() {
        // A node of a list is two levels of JSON, so that the text stands for the list here, and for
        // the nodes in it where the answer has one level more or less around it.
        let nodes = 80;
        let open = r#"{"id":"1:1","name":"F","type":"FRAME","children":["#.repeat(nodes);
        let file = format!(r#"{{"document":{open}{}}}"#, "]}".repeat(nodes));
        for text in [file.clone(), format!("[{file}]")] {
            let answer = mcp_core::json::value(&text).expect("JSON");
            let file = answer.get(0).unwrap_or(&answer);
            let rows = of_file(file, usize::MAX);
            assert!((40..nodes).contains(&rows.len()), "{}", rows.len());
            let (last, before) = rows.split_last().expect("rows");
            assert_eq!(last["children"], NOT_SHOWN);
            assert!(before.iter().all(|row| row.get("children").is_none()));
            assert_eq!(of_file(file, 0)[0]["children"], 1);
        }
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
            assert!(of_file(&answer, 2).is_empty() && of_nodes(&answer, 2).is_empty(), "{answer}");
        }
    }
}
