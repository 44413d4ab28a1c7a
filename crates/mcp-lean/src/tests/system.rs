//! Another system: a list that is handed out in pages, as GitHub hands out its issues.

use std::sync::{Arc, Mutex};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use mcp_core::action::params::Bounded;
use mcp_core::action::{Column, Pages, Shape, Tree, TreeNode, View};
use mcp_core::{ActionError, Doc, Example, Group, Progress, RegistryBuilder, RemoteAction};

/// The system's rows, the newest first, and whether it says that a page follows.
#[derive(Clone, Default)]
pub(super) struct System {
    pub(super) rows: Arc<Mutex<Vec<i64>>>,
    pub(super) says_more: Arc<Mutex<bool>>,
    pub(super) asked: Arc<Mutex<usize>>,
}

impl System {
    pub(super) fn register(&self, registry: RegistryBuilder) -> RegistryBuilder {
        registry
            .remote(ListIssues(self.clone()))
            .remote(GetTree)
            .remote(TakePicture)
            .remote(GetArticle)
    }
}

#[derive(Deserialize, JsonSchema)]
struct ListParams {
    /// How many a page has.
    #[serde(default)]
    per_page: Bounded<1, 20, 5>,
    /// Which page.
    #[serde(default)]
    page: Bounded<1, 1_000_000, 1>,
}

#[derive(Serialize, JsonSchema)]
struct Listed {
    total: usize,
    items: Vec<serde_json::Map<String, Value>>,
    #[serde(skip)]
    has_more: bool,
}

struct ListIssues(System);

const ISSUES: View = View::of(&[
    Column::of("number"),
    Column::at("user", "user.login"),
    Column::at("labels", "labels.name"),
])
.rows(
    "items",
    Some(Pages::Numbered { page: "page", size: "per_page", usual: 5, most: 20, key: "number" }),
)
.optional(&["pull_request"]);

impl RemoteAction for ListIssues {
    const NAME: &'static str = "system_list_issues";
    type Params = ListParams;
    type Output = Listed;

    fn doc(&self) -> Doc {
        let example = Example { params: "{}", answer: r#"{"total":0,"items":[]}"# };
        Doc::new(Group::CUSTOM, "List issues", example).words(&["bugs"]).view(ISSUES)
    }

    async fn run(&self, params: ListParams, _: &Progress) -> Result<Listed, ActionError> {
        *self.0.asked.lock().expect("a lock") += 1;
        let rows = self.0.rows.lock().expect("a lock").clone();
        let size = params.per_page.get() as usize;
        let start = (params.page.get() as usize - 1) * size;
        let items = rows.iter().skip(start).take(size).copied().map(issue).collect();
        let has_more = *self.0.says_more.lock().expect("a lock") && rows.len() > start + size;
        Ok(Listed { total: rows.len(), items, has_more })
    }

    fn has_more(&self, listed: &Listed) -> bool {
        listed.has_more
    }
}

fn issue(number: i64) -> serde_json::Map<String, Value> {
    let login = if number % 2 == 0 { "even" } else { "odd" };
    let issue = json!({
        "number": number, "user": {"login": login, "id": number % 2}, "body": "x".repeat(100),
        "labels": [{"name": "bug", "color": "f00"}], "assignee": null,
    });
    issue.as_object().expect("an object").clone()
}

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

struct GetTree;

fn list(of: &Value) -> &[Value] {
    of.as_array().map_or(&[], Vec::as_slice)
}

fn tops(tree: &Value) -> Vec<(&Value, &Value)> {
    list(&tree["pages"]).iter().map(|page| (page, tree)).collect()
}

fn children(node: &Value) -> &[Value] {
    list(&node["children"])
}

fn rows(nodes: &[TreeNode<'_>]) -> Vec<Value> {
    let row = |node: &TreeNode<'_>| {
        let mut row = json!({"id": node.value["id"], "depth": node.depth});
        if node.hidden > 0 {
            row["children"] = node.hidden.into();
        }
        if let Some(parent) = node.parent {
            row["parent"] = parent["id"].clone();
        }
        row
    };
    nodes.iter().map(row).collect()
}

const TREE: Tree = Tree { tops, children, rows };

impl RemoteAction for GetTree {
    const NAME: &'static str = "system_get_tree";
    type Params = Nothing;
    type Output = serde_json::Map<String, Value>;

    fn doc(&self) -> Doc {
        let example = Example { params: "{}", answer: "{}" };
        Doc::new(Group::CUSTOM, "Get a tree", example)
            .words(&["nodes"])
            .view(View::WHOLE.shaped(Shape::Tree { at: "pages.*", tree: TREE }))
    }

    async fn run(
        &self,
        _: Nothing,
        _: &Progress,
    ) -> Result<serde_json::Map<String, Value>, ActionError> {
        let node = |page: usize, number: usize, children: Vec<Value>| json!({"id": format!("{page}:{number}"), "fills": [1, 2], "children": children});
        let page = |page: usize| {
            let leaves =
                |from: usize| (0..10).map(|leaf| node(page, from + leaf, vec![])).collect();
            node(page, 0, (1..10).map(|at| node(page, at * 100, leaves(at * 100 + 1))).collect())
        };
        let tree = json!({"name": "A tree", "pages": [page(1), page(2), page(3)]});
        Ok(tree.as_object().expect("an object").clone())
    }
}

struct TakePicture;

/// A PNG of 2 by 3 pixels, as far as its header.
pub(super) const PICTURE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAAD";

impl RemoteAction for TakePicture {
    const NAME: &'static str = "system_take_picture";
    type Params = Nothing;
    type Output = serde_json::Map<String, Value>;

    fn doc(&self) -> Doc {
        let example = Example { params: "{}", answer: "{}" };
        Doc::new(Group::CUSTOM, "Take a picture", example)
            .words(&["png"])
            .view(View::WHOLE.shaped(Shape::Picture { base64: "base64", media_type: "type" }))
    }

    async fn run(
        &self,
        _: Nothing,
        _: &Progress,
    ) -> Result<serde_json::Map<String, Value>, ActionError> {
        let picture = json!({"type": "image/png", "base64": PICTURE, "url": "https://a.example/"});
        Ok(picture.as_object().expect("an object").clone())
    }
}

struct GetArticle;

impl RemoteAction for GetArticle {
    const NAME: &'static str = "system_get_article";
    type Params = Nothing;
    type Output = serde_json::Map<String, Value>;

    fn doc(&self) -> Doc {
        let example = Example { params: "{}", answer: "{}" };
        Doc::new(Group::CUSTOM, "Get an article", example).words(&["text"])
    }

    async fn run(
        &self,
        _: Nothing,
        _: &Progress,
    ) -> Result<serde_json::Map<String, Value>, ActionError> {
        let article = json!({"title": "On numbers", "text": article()});
        Ok(article.as_object().expect("an object").clone())
    }
}

/// A text that is far over every budget of the tests.
pub(super) fn article() -> String {
    (0..2000).map(|number| format!("Zahl {number} größer. ")).collect::<Vec<_>>().concat()
}
