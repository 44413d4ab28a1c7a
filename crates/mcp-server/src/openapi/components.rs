//! The document's components: a call and an answer for each action, the snapshots, the errors and
//! the API key.

use mcp_core::Registry;
use mcp_core::action::{Action, output_schema};
use mcp_core::domain::LogEntry;
use mcp_core::snapshot::{EntitySnapshot, FullSnapshot};
use serde_json::{Map, Value, json};

const TIME: &str = "UTC, ISO 8601 with microseconds and no zone";

/// The components of a registry.
pub(super) fn of(registry: &Registry) -> Value {
    let mut schemas = Map::new();
    let mut calls = Vec::new();
    let mut answers = Vec::new();
    let mut mapping = Map::new();
    for action in registry.actions() {
        let name = type_name(&action.name);
        let call = reference(&format!("{name}Call"));
        mapping.insert(action.name.to_string(), call["$ref"].clone());
        calls.push(call);
        answers.push(reference(&format!("{name}Answer")));
        schemas.insert(format!("{name}Params"), action.params_schema.clone());
        schemas.insert(format!("{name}Result"), action.output_schema.clone());
        schemas.insert(format!("{name}Call"), call_schema(action, &name));
        let result = reference(&format!("{name}Result"));
        schemas.insert(format!("{name}Answer"), envelope(&result, None));
    }
    schemas.insert(
        "Call".into(),
        json!({
            "description": "A call of an action, told apart by its name.",
            "oneOf": calls,
            "discriminator": { "propertyName": "action", "mapping": mapping },
        }),
    );
    schemas.insert(
        "Answer".into(),
        json!({ "description": "What the action answers.", "anyOf": answers }),
    );
    add_snapshots(&mut schemas);
    add_lean(&mut schemas, registry);
    add_errors(&mut schemas);
    json!({
        "schemas": schemas,
        "securitySchemes": {
            "apiKey": {
                "type": "apiKey", "in": "header", "name": "X-API-Key",
                "description": "The server's MCP_API_KEY. Not needed where none is set.",
            },
            "bearer": {
                "type": "http", "scheme": "bearer",
                "description": "The same key as a bearer token.",
            },
        },
    })
}

/// `add_task` as `AddTask`.
pub(super) fn type_name(action: &str) -> String {
    action
        .split('_')
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        })
        .collect()
}

/// A reference to a schema of the components.
pub(super) fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn call_schema(action: &Action, name: &str) -> Value {
    let needs_params = action.parameters.iter().any(|parameter| parameter.required);
    let required = if needs_params { json!(["action", "params"]) } else { json!(["action"]) };
    json!({
        "type": "object",
        "title": format!("{name}Call"),
        "description": format!("{}: `{}`", action.doc.summary, action.signature),
        "properties": {
            "action": { "type": "string", "const": action.name },
            "params": reference(&format!("{name}Params")),
        },
        "required": required,
    })
}

/// v1's envelope around some data.
fn envelope(data: &Value, message: Option<&str>) -> Value {
    let message = match message {
        Some(text) => json!({ "type": "string", "examples": [text] }),
        None => json!({ "type": "string" }),
    };
    json!({
        "type": "object",
        "properties": {
            "success": { "type": "boolean" },
            "data": data,
            "message": message,
            "timestamp": { "type": "string", "description": TIME },
        },
        "required": ["success", "data", "message", "timestamp"],
    })
}

fn add_snapshots(schemas: &mut Map<String, Value>) {
    schemas.insert("FullSnapshot".into(), output_schema::<FullSnapshot>());
    schemas.insert("EntitySnapshot".into(), output_schema::<EntitySnapshot>());
    schemas.insert("LogEntry".into(), output_schema::<LogEntry>());
    let either = json!({ "anyOf": [reference("FullSnapshot"), reference("EntitySnapshot")] });
    schemas.insert("StateAnswer".into(), envelope(&either, Some("Memory snapshot retrieved")));
    let entries = json!({ "type": "array", "items": reference("LogEntry") });
    schemas.insert("LogsAnswer".into(), envelope(&entries, Some("Retrieved 10 logs")));
    let done = json!({
        "type": "object",
        "properties": { "reset": { "type": "boolean" } },
        "required": ["reset"],
    });
    schemas.insert("ResetAnswer".into(), envelope(&done, Some("Memory reset complete")));
    schemas.insert(
        "Health".into(),
        json!({
            "type": "object",
            "properties": {
                "status": { "type": "string" },
                "service": { "type": "string" },
                "version": { "type": "string" },
                "timestamp": { "type": "string", "description": TIME },
                "api_versions": { "type": "object", "additionalProperties": true },
                "legacy_endpoints": { "type": "string" },
            },
            "required": ["status", "service", "version", "timestamp", "api_versions"],
        }),
    );
    schemas.insert(
        "Status".into(),
        json!({
            "type": "object",
            "properties": { "status": { "type": "string" } },
            "required": ["status"],
            "additionalProperties": true,
        }),
    );
}

/// What the lean face takes and answers.
fn add_lean(schemas: &mut Map<String, Value>, registry: &Registry) {
    let names: Vec<&str> = registry.actions().iter().map(|action| &*action.name).collect();
    let text = |description: &str| json!({ "type": "string", "description": description });
    schemas.insert(
        "LeanQuery".into(),
        json!({
            "type": "object",
            "properties": {
                "action": { "type": "string", "enum": names, "description": "The action's name" },
                "params": { "type": "object", "description": "Its parameters" },
                "fields": {
                    "anyOf": [
                        { "type": "string" },
                        { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": 100 },
                    ],
                    "description": "Names of the result's fields, by path; `*` for all. Left out: the action's summary",
                },
                "format": { "type": "string", "enum": ["json", "csv", "toon", "auto"], "default": "json" },
                "max_tokens": {
                    "type": "integer", "minimum": 0, "default": 2000,
                    "description": "The most tokens of the answer (o200k_base): 0 for no limit, otherwise at least 50",
                },
                "cursor": text("Where a list goes on: the `next` of the answer before"),
                "filter": { "type": "object", "description": "Only rows whose fields have these values, or one of a list of them" },
                "sort": text("The field that rows are sorted by, with `-` before it for the highest first"),
                "group_by": text("How many rows there are for each value of this field"),
                "count": { "type": "boolean", "description": "How many rows there are" },
                "limit": { "type": "integer", "minimum": 0, "description": "At most this many rows" },
            },
            "required": ["action"],
            "additionalProperties": false,
        }),
    );
    schemas.insert(
        "LeanAnswer".into(),
        json!({
            "type": "object",
            "properties": {
                "data": { "description": "The result, as much of it as was asked for" },
                "incomplete": text("Why something is missing from the result; only if it is"),
                "next": text("Where the list goes on; only where it does"),
            },
            "required": ["data"],
        }),
    );
    schemas.insert(
        "LeanError".into(),
        json!({
            "type": "object",
            "properties": {
                "error": text("What was wrong and what would be right"),
                "signature": text("How the action is called"),
            },
            "required": ["error"],
        }),
    );
    schemas.insert("Blob".into(), json!({ "description": "What the blob's media type says" }));
}

fn add_errors(schemas: &mut Map<String, Value>) {
    let only = |member: &str, description: &str| {
        json!({
            "type": "object",
            "properties": { member: { "type": "string", "description": description } },
            "required": [member],
        })
    };
    schemas.insert("Error".into(), only("detail", "What was wrong and what would be right"));
    let mut limited = only("error", "The limit, as `Rate limit exceeded: 100 per 1 minute`");
    limited["properties"]["retry_after"] =
        json!({ "type": "integer", "description": "Seconds to wait, as `Retry-After`" });
    limited["properties"]["hint"] = json!({ "type": "string", "description": "The wait, and the setting that holds the limit" });
    schemas.insert("RateLimited".into(), limited);
}
