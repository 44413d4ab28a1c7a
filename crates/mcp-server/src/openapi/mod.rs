//! `/openapi.json`: paperclip describes the routes in OpenAPI 3.0; this module converts them to 3.1 and
//! adds the schemas of the registry's actions.

mod components;
mod operations;

use mcp_core::Registry;
use paperclip::actix::OpenApiExt;
use paperclip::v2::models::{DefaultApiRaw, Info, Tag};
use serde_json::{Value, json};

use crate::http::routes;

/// Returns the OpenAPI 3.1.0 document.
#[must_use]
pub fn document(registry: &Registry) -> Value {
    let mut document = described_routes();
    // All parts that differ from 3.0 are replaced below: schemas, bodies and responses.
    document["openapi"] = "3.1.0".into();
    document["info"]["license"] = json!({ "name": "MIT", "identifier": "MIT" });
    document["servers"] = json!([{ "url": "/", "description": "This server" }]);
    document["components"] = components::of(registry);
    operations::complete(&mut document, registry);
    put_first(&mut document["paths"], "/api/v1/query");
    document
}

/// Moves a path to the top of the document; paperclip sorts paths by name.
fn put_first(paths: &mut Value, path: &str) {
    if let Some(paths) = paths.as_object_mut()
        && let Some(operations) = paths.shift_remove(path)
    {
        paths.shift_insert(0, path.to_owned(), operations);
    }
}

/// Returns paperclip's description, made by the same function that mounts the routes.
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
            tag("v2", "The lean API: responses with few tokens."),
            tag("legacy", "Deprecated paths of v1."),
            tag("service", "Health of the service."),
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
