//! The schemas of tools, in every set: all clients and model providers must accept them.

use serde_json::{Map, Value, json};
use service_tests::TestServer;

/// Returns the rules that a tool's name or arguments break.
///
/// Sources, by the name of the document:
/// - `OpenAI`, "Function calling" and "Structured Outputs: supported schemas",
/// - Google, "Gemini API: Function calling" and its reference `Schema`,
/// - Anthropic, "Tool use: define tools",
/// - VS Code, "Language Model Tool API" (its check of tools that servers bring),
/// - MCP, "Server features: Tools" (2025-06-18 and later).
fn faults(tool: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let schema = &tool["inputSchema"];
    // MCP: `inputSchema` is a JSON Schema whose `type` is `object`. OpenAI: the root is an object.
    if schema["type"] != "object" {
        faults.push("the root is not an object".into());
    }
    // OpenAI and Anthropic: no `oneOf`, `anyOf`, `allOf`, `enum` or `not` at the root.
    for key in ["oneOf", "anyOf", "allOf", "enum", "not"] {
        if schema.get(key).is_some() {
            faults.push(format!("{key} at the top"));
        }
    }
    walk(schema, "", &mut |at, schema| rules(at, schema, &mut faults));
    faults
}

fn rules(at: &str, schema: &Value, faults: &mut Vec<String>) {
    let mut fault = |what: &str| faults.push(format!("{at}: {what}"));
    let Some(members) = schema.as_object() else {
        // Gemini and VS Code: a schema is an object with a type, so not `true`.
        return fault("is not an object");
    };
    match members.get("type") {
        Some(Value::String(kind)) => {
            // Gemini: `type` is one of these.
            let known = ["object", "array", "string", "number", "integer", "boolean", "null"];
            if !known.contains(&kind.as_str()) {
                fault("an unknown type");
            }
            // OpenAI: "object schema missing properties". Gemini: the same.
            if kind == "object" && !schema["properties"].is_object() {
                fault("an object without properties");
            }
            // Gemini and VS Code: "array type must have items".
            if kind == "array" && !schema["items"].is_object() {
                fault("a list without items");
            }
        }
        // Gemini: `type` is one name. An optional argument is left out, not null.
        Some(_) => fault("a list of types"),
        // OpenAI: a schema must have a `type` key or be an `anyOf`.
        None => {
            let is_union = members.get("anyOf").is_some_and(Value::is_array);
            let is_described = members.get("description").is_some_and(Value::is_string);
            if !(is_union && is_described) {
                fault("neither a type nor a described union");
            }
        }
    }
    // OpenAI: `anyOf` is the only composition. Gemini: the same, and `enum` instead of `const`.
    // Anthropic: no references to other documents. All: no conditions.
    let unknown = [
        "oneOf",
        "allOf",
        "not",
        "if",
        "then",
        "else",
        "const",
        "$ref",
        "$defs",
        "definitions",
        "patternProperties",
        "propertyNames",
        "dependentRequired",
        "dependentSchemas",
        "prefixItems",
        "contains",
        "unevaluatedProperties",
        "unevaluatedItems",
        "$schema",
        "$id",
    ];
    for key in unknown {
        if members.contains_key(key) {
            fault(key);
        }
    }
    // Gemini: strings may have only the formats `enum` and `date-time`, numbers only Gemini's own.
    // OpenAI: another list. So no format is allowed.
    if members.contains_key("format") {
        fault("a format");
    }
    // RE2 (Google) and the regex crate do not support `\u`; OpenAI rejects look-around.
    if let Some(pattern) = members.get("pattern").and_then(Value::as_str)
        && ["\\u", "\\p", "(?"].iter().any(|it| pattern.contains(it))
    {
        fault("a pattern of one dialect");
    }
    // Gemini: `enum` contains strings, and is not empty.
    if let Some(values) = members.get("enum") {
        let values = values.as_array().map_or(&[][..], Vec::as_slice);
        if values.is_empty() || !values.iter().all(Value::is_string) {
            fault("an enum of no texts");
        }
    }
    if let Some(Value::Object(properties)) = members.get("properties") {
        for name in properties.keys() {
            // Anthropic: names of properties match ^[a-zA-Z0-9_.-]{1,64}$.
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
            if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) {
                fault(&format!("the name {name}"));
            }
        }
        // Gemini: "required" names existing properties.
        let required = members.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if !properties.contains_key(name) {
                fault(&format!("{name} is required and not there"));
            }
        }
    }
}

/// Returns every subschema of a schema with its path.
fn walk(schema: &Value, at: &str, see: &mut dyn FnMut(&str, &Value)) {
    see(at, schema);
    let empty = Map::new();
    let members = schema.as_object().unwrap_or(&empty);
    for (key, value) in members {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                for (name, property) in properties {
                    walk(property, &format!("{at}.{name}"), see);
                }
            }
            ("items" | "additionalProperties", Value::Object(_) | Value::Bool(true)) => {
                walk(value, &format!("{at}[]"), see);
            }
            ("anyOf" | "oneOf" | "allOf", Value::Array(choices)) => {
                for choice in choices {
                    walk(choice, &format!("{at}|"), see);
                }
            }
            _ => {}
        }
    }
}

fn tools(server: &TestServer, revision: &'static str, set: &str) -> Vec<Value> {
    let client = server.protocol(revision).query(&format!("tools={set}"));
    client.result("tools/list", json!({}))["tools"].as_array().expect("a list").clone()
}

#[test]
fn every_schema_is_one_that_clients_and_providers_accept() {
    let server = TestServer::start();
    let groups = ["users", "tasks", "config", "utilities", "github", "figma", "pages"];
    let sets = ["lean", "all", "users,tasks,config,utilities,github,figma,pages"];
    let mut found = 0;
    for set in sets.into_iter().chain(groups) {
        for revision in ["2025-06-18", "2025-11-25", "2026-07-28"] {
            let tools = tools(&server, revision, set);
            assert!(!tools.is_empty(), "{set}");
            for tool in &tools {
                found += 1;
                assert_eq!(faults(tool), Vec::<String>::new(), "{set}: {tool}");
            }
        }
    }
    assert!(found > 150, "{found}");
}

#[test]
fn the_rules_find_what_they_are_for() {
    for (schema, fault) in [
        (json!({"type": "object", "properties": {"a": {"type": ["string", "null"]}}}), "types"),
        (json!({"type": "object", "properties": {"a": true}}), "not an object"),
        (json!({"type": "object", "properties": {"a": {}}}), "described union"),
        (json!({"type": "object", "properties": {"a": {"type": "object"}}}), "without properties"),
        (json!({"type": "object", "properties": {"a": {"type": "array"}}}), "without items"),
        (json!({"type": "object"}), "without properties"),
        (json!({"type": "object", "properties": {}, "anyOf": []}), "at the top"),
        (
            json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "\\u0000"}}}),
            "pattern",
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "integer", "format": "int64"}}}),
            "a format",
        ),
        (
            json!({"type": "object", "properties": {"a": {"description": "d", "oneOf": [{"const": "x"}]}}}),
            "const",
        ),
    ] {
        let faults = faults(&json!({"inputSchema": schema}));
        assert!(faults.iter().any(|it| it.contains(fault)), "{schema}: {faults:?}");
    }
}

#[test]
fn results_are_described_in_one_type_each_too() {
    let server = TestServer::start();
    for tool in tools(&server, "2025-11-25", "all") {
        let Some(schema) = tool.get("outputSchema") else { continue };
        walk(schema, "", &mut |at, schema| {
            let Some(members) = schema.as_object() else { return };
            for key in ["oneOf", "allOf", "const", "format", "$ref"] {
                assert!(!members.contains_key(key), "{}: {at}: {key}", tool["name"]);
            }
            assert!(!members.get("type").is_some_and(Value::is_array), "{}: {at}", tool["name"]);
        });
        for (name, property) in schema["properties"].as_object().expect("properties") {
            let is_union = property["anyOf"].is_array() && property["description"].is_string();
            assert!(property["type"].is_string() || is_union, "{}: {name}", tool["name"]);
        }
    }
}
