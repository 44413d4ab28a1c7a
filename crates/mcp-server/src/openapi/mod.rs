//! `/openapi.json`: the routes as paperclip describes them, raised to OpenAPI 3.1, with the
//! actions' schemas from the registry put in.

mod components;
mod operations;

use mcp_core::Registry;
use paperclip::actix::OpenApiExt;
use paperclip::v2::models::{DefaultApiRaw, Info, Tag};
use serde_json::{Value, json};

use crate::http::routes;

/// The document: OpenAPI 3.1.0.
#[must_use]
pub fn document(registry: &Registry) -> Value {
    let mut document = described_routes();
    // paperclip writes 3.0; everything that differs is replaced below (schemas, bodies, answers).
    document["openapi"] = "3.1.0".into();
    document["info"]["license"] = json!({ "name": "MIT", "identifier": "MIT" });
    document["servers"] = json!([{ "url": "/", "description": "This server" }]);
    document["components"] = components::of(registry);
    operations::complete(&mut document, registry);
    put_first(&mut document["paths"], "/api/v1/query");
    document
}

/// Moves what readers come for to where they look first; paperclip sorts by path.
fn put_first(paths: &mut Value, path: &str) {
    if let Some(paths) = paths.as_object_mut()
        && let Some(operations) = paths.shift_remove(path)
    {
        paths.shift_insert(0, path.to_owned(), operations);
    }
}

/// What paperclip says of the routes, from the same function that mounts them.
fn described_routes() -> Value {
    let info = Info {
        title: "MCP Server".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        description: Some(
            "A persistent backend for AI agents: memory, tools and logic behind one small endpoint."
                .into(),
        ),
        ..Info::default()
    };
    let tag = |name: &str, description: &str| Tag {
        name: name.into(),
        description: Some(description.into()),
        external_docs: None,
    };
    let spec = DefaultApiRaw {
        info,
        tags: vec![
            tag("v1", "The stable API."),
            tag("v2", "The lean face: answers in as few tokens as carry them."),
            tag("legacy", "The first paths, deprecated: the same as v1."),
            tag("service", "Whether the service runs."),
        ],
        ..DefaultApiRaw::default()
    };
    let mut described = Value::Null;
    let _ = actix_web::App::new()
        .wrap_api_with_spec(spec)
        .configure(routes::configure)
        .with_raw_json_spec_v3(|app, spec| {
            described = spec;
            app
        })
        .build();
    described
}
