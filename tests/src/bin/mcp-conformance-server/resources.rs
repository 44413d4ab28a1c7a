//! The suite's resources.

use mcp_server::mcp::resources::{Later, ResourceSource};
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};
use serde_json::json;

use crate::tools::PIXEL;

const TEXT: &str = "test://static-text";
const BINARY: &str = "test://static-binary";
const WATCHED: &str = "test://watched-resource";

/// All resources.
pub(crate) struct Fixtures;

impl ResourceSource for Fixtures {
    fn list(&self) -> Vec<Resource> {
        vec![
            Resource::new(TEXT, "static-text").with_mime_type("text/plain"),
            Resource::new(BINARY, "static-binary").with_mime_type("image/png"),
            Resource::new(WATCHED, "watched-resource").with_mime_type("text/plain"),
        ]
    }

    fn templates(&self) -> Vec<ResourceTemplate> {
        let template = ResourceTemplate::new("test://template/{id}/data", "template");
        vec![template.with_mime_type("application/json")]
    }

    fn read<'a>(&'a self, uri: &'a str, _: usize) -> Later<'a, Option<Vec<ResourceContents>>> {
        let text = |text: &str| ResourceContents::text(text, uri);
        let found = match uri {
            TEXT => Some(text("This is the content of the static text resource.")),
            WATCHED => Some(text("Nobody changes this.")),
            BINARY => Some(ResourceContents::blob(PIXEL, uri).with_mime_type("image/png")),
            other => other
                .strip_prefix("test://template/")
                .and_then(|rest| rest.strip_suffix("/data"))
                .map(|id| {
                    let data = json!({
                        "id": id, "templateTest": true, "data": format!("Data for ID: {id}"),
                    });
                    text(&data.to_string()).with_mime_type("application/json")
                }),
        };
        Box::pin(async move { Ok(found.map(|contents| vec![contents])) })
    }

    fn is_watched(&self, uri: &str) -> bool {
        uri == WATCHED
    }
}
