//! Completes paperclip's operations: bodies, responses, errors, security and deprecation.

use mcp_core::{Action, ErrorCode, Example, Registry};
use serde_json::{Map, Value, json};

use super::components::reference;
use crate::http::routes::{self, Operation};

/// A media type in place of a schema's name.
const TEXT: &str = "text/plain";
const OPEN_METRICS: &str = "application/openmetrics-text";

/// Completes every operation of the document.
pub(super) fn complete(document: &mut Value, registry: &Registry) {
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, methods) in paths {
        let is_legacy = path.starts_with("/mcp/");
        for operation in methods.as_object_mut().into_iter().flat_map(|it| it.values_mut()) {
            let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
            complete_one(operation, &id, registry);
            if is_legacy {
                operation["operationId"] = format!("legacy_{id}").into();
                operation["deprecated"] = true.into();
                operation["tags"] = json!(["legacy"]);
                operation["description"] =
                    format!("Deprecated: use `{}`.", path.replace("/mcp/", "/api/v1/")).into();
            }
        }
    }
}

/// Adds the body, the response formats and the `LeanError` responses.
fn lean(operation: &mut Value, body: &str) {
    operation["requestBody"] = json!({
        "required": true,
        "content": { "application/json": { "schema": reference(body) } },
    });
    let answer = &mut operation["responses"]["200"];
    for form in ["text/csv", "text/toon"] {
        answer["content"][form] = json!({ "schema": { "type": "string" } });
    }
    answer["headers"] = json!({ "X-Tokens": {
        "description": "Number of tokens of the response (o200k_base)",
        "schema": { "type": "integer", "minimum": 0 },
    } });
    for status in ["400", "500", "502", "504", "507"] {
        operation["responses"][status]["content"]["application/json"]["schema"] =
            reference("LeanError");
    }
}

/// Adds the responses of a blob: any media type, whole or a range.
fn blob(operation: &mut Value) {
    let content = json!({ "*/*": { "schema": {} } });
    operation["responses"]["200"]["content"]["*/*"] = content["*/*"].clone();
    operation["responses"]["206"] =
        json!({ "description": "The requested range.", "content": content });
    operation["responses"]["416"] = json!({
        "description": "The range is outside the blob.",
        "content": { "application/json": { "schema": reference("Error") } },
    });
}

fn complete_one(operation: &mut Value, id: &str, registry: &Registry) {
    let Operation { response, errors, is_open, .. } = routes::operation(id);
    operation["responses"] = responses(response, errors, is_open);
    operation["security"] =
        if is_open { json!([]) } else { json!([{ "apiKey": [] }, { "bearer": [] }, {}]) };
    if id == "query" {
        operation["requestBody"] = request_body(registry);
        operation["responses"]["200"]["content"]["application/json"]["examples"] =
            examples(registry, |action, example| {
                let data: Value = serde_json::from_str(example.answer)
                    .expect("the examples are JSON: a test runs them");
                json!({
                    "success": true,
                    "data": data,
                    "message": format!("Action '{}' completed successfully", action.name),
                    "timestamp": "2026-02-16T16:00:00.000000",
                })
            });
    }
    match id {
        "v2_query" => lean(operation, "LeanQuery"),
        "v2_batch" => lean(operation, "BatchParams"),
        "v2_blob" => blob(operation),
        _ => {}
    }
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        match parameter["name"].as_str() {
            Some("limit" | "offset") => {
                parameter["schema"] = json!({ "type": "integer" });
            }
            Some("entity") => {
                let names = mcp_core::snapshot::Entity::ALL.map(mcp_core::snapshot::Entity::name);
                parameter["schema"] = json!({ "type": "string", "enum": names });
            }
            _ => {}
        }
    }
}

fn request_body(registry: &Registry) -> Value {
    let examples = examples(registry, |action, example| {
        let params: Value =
            serde_json::from_str(example.params).expect("the examples are JSON: a test runs them");
        json!({ "action": action.name, "params": params })
    });
    json!({
        "required": true,
        "content": { "application/json": { "schema": reference("Call"), "examples": examples } },
    })
}

fn examples(registry: &Registry, of: impl Fn(&Action, Example) -> Value) -> Value {
    let examples: Map<String, Value> = registry
        .actions()
        .iter()
        .filter_map(|action| {
            let value = of(action, action.doc.example?);
            let example = json!({ "summary": action.doc.summary, "value": value });
            Some((action.name.to_string(), example))
        })
        .collect();
    examples.into()
}

fn responses(answer: &str, errors: &[ErrorCode], is_open: bool) -> Value {
    let content = |schema: &str| json!({ "application/json": { "schema": reference(schema) } });
    let mut responses = Map::new();
    let good = match answer {
        TEXT | OPEN_METRICS => json!({ answer: { "schema": { "type": "string" } } }),
        answer => content(answer),
    };
    responses.insert("200".into(), json!({ "description": "Success.", "content": good }));
    let of_key: &[ErrorCode] = if is_open {
        &[ErrorCode::Forbidden]
    } else {
        &[ErrorCode::Unauthorized, ErrorCode::Forbidden]
    };
    for code in errors.iter().chain(of_key).chain(&[ErrorCode::Busy]) {
        let row = code.row();
        responses.insert(
            row.status.to_string(),
            json!({ "description": row.meaning, "content": content("Error") }),
        );
    }
    let row = ErrorCode::RateLimited.row();
    responses.insert(
        row.status.to_string(),
        json!({
            "description": row.meaning,
            "content": content("RateLimited"),
            "headers": { "Retry-After": {
                "description": "Seconds until the next request is allowed",
                "schema": { "type": "integer", "minimum": 1 },
            } },
        }),
    );
    responses.sort_keys();
    responses.into()
}
