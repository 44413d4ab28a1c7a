//! The components: a call and a response for each action, the snapshots, the errors and the API key.

use mcp_core::Registry;
use mcp_core::action::{Action, output_schema};
use mcp_core::domain::LogEntry;
use mcp_core::snapshot::{EntitySnapshot, FullSnapshot};
use mcp_integrations::connections;
use serde_json::{Map, Value, json};

const TIME: &str = "UTC, ISO 8601 with microseconds and no zone";

/// Returns the components for a registry.
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
            "description": "A call of an action, distinguished by `action`.",
            "oneOf": calls,
            "discriminator": { "propertyName": "action", "mapping": mapping },
        }),
    );
    schemas.insert(
        "Answer".into(),
        json!({ "description": "The response of the action.", "anyOf": answers }),
    );
    add_snapshots(&mut schemas);
    add_lean(&mut schemas, registry);
    add_errors(&mut schemas);
    json!({
        "schemas": schemas,
        "securitySchemes": {
            "apiKey": {
                "type": "apiKey", "in": "header", "name": "X-API-Key",
                "description": "The server's MCP_API_KEY. Not needed if the server has no key.",
            },
            "bearer": {
                "type": "http", "scheme": "bearer",
                "description": "The same key as a bearer token.",
            },
        },
    })
}

/// Converts `add_task` to `AddTask`.
pub(super) fn type_name(action: &str) -> String {
    action
        .split('_')
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        })
        .collect()
}

/// Returns a reference to a schema of the components.
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

/// Returns the schema of v1's envelope.
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
    schemas.insert("Connections".into(), output_schema::<Vec<connections::Status>>());
    schemas.insert("ConnectionsReload".into(), output_schema::<connections::Reload>());
    let approval = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string" },
            "approved": { "type": "integer", "minimum": 0, "description": "The tools that were held." },
        },
        "required": ["name", "approved"],
    });
    schemas.insert("ConnectionsApproval".into(), approval);
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

/// Adds the schemas of the lean API.
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
                    "description": "Paths of the fields to return; `*` returns all. Default: the action's summary fields",
                },
                "format": { "type": "string", "enum": ["json", "csv", "toon", "auto"], "default": "json" },
                "max_tokens": {
                    "type": "integer", "minimum": 0, "default": 2000,
                    "description": "Maximum tokens of the response (o200k_base): 0 for no limit, otherwise at least 50",
                },
                "cursor": text("Continues a list: the `next` of the previous response"),
                "filter": { "type": "object", "description": "Returns only rows whose fields have these values; a list accepts each of its values" },
                "sort": text("Field to sort by; a leading `-` sorts in descending order"),
                "group_by": text("Returns the number of rows for each value of this field"),
                "count": { "type": "boolean", "description": "Returns the number of rows" },
                "limit": { "type": "integer", "minimum": 0, "description": "Maximum rows" },
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
                "data": { "description": "The result, or the requested part of it" },
                "incomplete": text("The reason why part of the result is missing; absent if the result is complete"),
                "next": text("The cursor for the next page; absent at the end of the list"),
            },
            "required": ["data"],
        }),
    );
    schemas.insert(
        "LeanError".into(),
        json!({
            "type": "object",
            "properties": {
                "error": text("The fault, and how to fix it"),
                "signature": text("The signature of the action"),
            },
            "required": ["error"],
        }),
    );
    schemas.insert(
        "Blob".into(),
        json!({ "description": "The stored value, of the media type in `Content-Type`" }),
    );
}

fn add_errors(schemas: &mut Map<String, Value>) {
    let only = |member: &str, description: &str| {
        json!({
            "type": "object",
            "properties": { member: { "type": "string", "description": description } },
            "required": [member],
        })
    };
    schemas.insert("Error".into(), only("detail", "The fault, and how to fix it"));
    let mut limited = only("error", "The limit, such as `Rate limit exceeded: 100 per 1 minute`");
    limited["properties"]["retry_after"] =
        json!({ "type": "integer", "description": "Seconds to wait, as in `Retry-After`" });
    limited["properties"]["hint"] =
        json!({ "type": "string", "description": "The wait, and the setting of the limit" });
    schemas.insert("RateLimited".into(), limited);
}
