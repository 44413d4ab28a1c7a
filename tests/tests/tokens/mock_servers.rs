//! Mock servers of GitHub, Figma and a web page on 127.0.0.1. They respond with `tests/fixtures`.

use std::fs;

use serde_json::{Map, Value, json};
use service_tests::repository;
use tokio::runtime::Runtime;
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// The repository of the fixtures.
pub(crate) const OWNER: &str = "harbor-tools";
pub(crate) const REPO: &str = "quayside";
/// The keys of the Figma files in the fixtures.
pub(crate) const FILES: [&str; 5] = ["landing", "signup", "dashboard", "system", "icons"];

/// The running mock servers.
pub(crate) struct MockServers {
    github: MockServer,
    figma: MockServer,
    page: MockServer,
    _runtime: Runtime,
}

/// Returns the text of a fixture.
pub(crate) fn text(name: &str) -> String {
    let file = repository().join("tests/fixtures").join(name);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Returns a fixture as JSON.
pub(crate) fn fixture(name: &str) -> Value {
    serde_json::from_str(&text(name)).expect(name)
}

impl MockServers {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let (github, figma, page) = runtime.block_on(async {
            let github = MockServer::start().await;
            let of = |part: &str| format!("/repos/{OWNER}/{REPO}{part}");
            serve(&github, &of("/issues"), paged(fixture("github_issues.json"))).await;
            serve(&github, &of("/pulls"), paged(fixture("github_pulls.json"))).await;
            serve(&github, &of(""), whole(fixture("github_repository.json"))).await;
            let found = whole(fixture("github_found_repositories.json"));
            serve(&github, "/search/repositories", found).await;
            let figma = MockServer::start().await;
            for key in FILES {
                let file = fixture(&format!("figma_{key}.json"));
                let nodes = nodes(&file);
                serve(&figma, &format!("/v1/files/{key}"), whole(file)).await;
                serve(&figma, &format!("/v1/files/{key}/nodes"), nodes).await;
            }
            let page = MockServer::start().await;
            let html = ResponseTemplate::new(200).set_body_raw(text("page.html"), "text/html");
            Mock::given(method("GET")).and(path_regex("^/$")).respond_with(html).mount(&page).await;
            (github, figma, page)
        });
        Self { github, figma, page, _runtime: runtime }
    }

    /// Returns the settings of a server that uses the mock servers, with an invalid Figma token.
    pub(crate) fn environment(&self) -> [(&'static str, String); 4] {
        let page = self.page.address();
        [
            ("MCP_GITHUB_API_URL", self.github.uri()),
            ("MCP_FIGMA_API_URL", self.figma.uri()),
            ("MCP_FIGMA_TOKEN", "no-token-of-figma".into()),
            ("MCP_BROWSER_ALLOWED_HOSTS", page.to_string()),
        ]
    }

    /// Returns the address of the page.
    pub(crate) fn page(&self) -> String {
        format!("{}/", self.page.uri())
    }
}

async fn serve(
    server: &MockServer,
    at: &str,
    answer: impl Fn(&Request) -> Value + Send + Sync + 'static,
) {
    let answer = move |request: &Request| ResponseTemplate::new(200).set_body_json(answer(request));
    Mock::given(method("GET")).and(path(at)).respond_with(answer).mount(server).await;
}

fn whole(value: Value) -> impl Fn(&Request) -> Value {
    move |_| value.clone()
}

/// Responds with one page of a list, as GitHub does.
fn paged(list: Value) -> impl Fn(&Request) -> Value {
    move |request| {
        let number = |name: &str, default: usize| {
            let value = request.url.query_pairs().find(|(key, _)| key == name);
            value.map_or(default, |(_, value)| value.parse().expect("a number"))
        };
        let (page, size) = (number("page", 1), number("per_page", 30));
        let items = list.as_array().expect("a list").iter();
        items.skip((page - 1) * size).take(size).cloned().collect()
    }
}

/// Responds with the requested nodes of a Figma file.
fn nodes(file: &Value) -> impl Fn(&Request) -> Value + use<> {
    let file = file.clone();
    move |request| {
        let ids = request.url.query_pairs().find(|(key, _)| key == "ids").expect("ids").1;
        let of = |id: &str| {
            let node = find(&file["document"], id)?;
            Some((
                id.to_owned(),
                json!({"document": node, "components": {}, "componentSets": {}, "schemaVersion": 0, "styles": file["styles"]}),
            ))
        };
        let nodes: Map<String, Value> = ids.split(',').filter_map(of).collect();
        let mut answer = file.clone();
        let members = answer.as_object_mut().expect("a file");
        for name in ["document", "components", "componentSets", "schemaVersion", "styles"] {
            members.remove(name);
        }
        answer["nodes"] = nodes.into();
        answer
    }
}

/// Finds a node by its id.
pub(crate) fn find<'a>(node: &'a Value, id: &str) -> Option<&'a Value> {
    if node["id"] == id {
        return Some(node);
    }
    node["children"].as_array()?.iter().find_map(|child| find(child, id))
}
