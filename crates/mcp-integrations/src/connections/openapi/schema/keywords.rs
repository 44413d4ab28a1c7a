//! Keywords of a single schema.

use serde_json::{Map, Value, json};

/// The types of JSON Schema.
const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "array", "object", "null"];

/// The keywords with a number.
const NUMBERS: [&str; 11] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
];

/// The longest `enum`, `const` or `default` that is kept, in bytes of JSON.
const MAX_VALUE: usize = 2000;

/// Copies the keywords whose values are not schemas.
pub(super) fn copy_values(from: &Map<String, Value>, to: &mut Map<String, Value>) {
    for name in ["enum", "const", "default"] {
        let fits = |value: &&Value| is_short(value) && (name != "enum" || value.is_array());
        if let Some(value) = from.get(name).filter(fits) {
            to.insert(name.into(), value.clone());
        }
    }
    for name in ["format", "pattern"] {
        if let Some(text) = from.get(name).filter(|text| text.is_string() && is_short(text)) {
            to.insert(name.into(), text.clone());
        }
    }
    for name in NUMBERS {
        if let Some(number) = from.get(name).filter(|number| number.is_number()) {
            to.insert(name.into(), number.clone());
        }
    }
    // OpenAPI 3.0 has JSON Schema draft 5's booleans.
    for (exclusive, limit) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if from.get(exclusive) == Some(&Value::Bool(true))
            && let Some(limit) = to.remove(limit)
        {
            to.insert(exclusive.into(), limit);
        }
    }
    for name in ["uniqueItems", "deprecated"] {
        if from.get(name) == Some(&Value::Bool(true)) {
            to.insert(name.into(), true.into());
        }
    }
}

/// Returns a schema with the type alone.
pub(super) fn outline(schema: &Map<String, Value>) -> Value {
    let mut outline = Map::new();
    if let Some(kind) = kind(schema) {
        outline.insert("type".into(), kind);
    }
    if schema.get("nullable") == Some(&Value::Bool(true)) {
        make_nullable(&mut outline);
    }
    Value::Object(outline)
}

/// Returns the type: a name or a list of names.
pub(super) fn kind(schema: &Map<String, Value>) -> Option<Value> {
    let is_type = |name: &Value| name.as_str().is_some_and(|name| TYPES.contains(&name));
    match schema.get("type") {
        Some(name) if is_type(name) => Some(name.clone()),
        Some(Value::Array(names)) => {
            let names: Vec<Value> = names.iter().filter(|name| is_type(name)).cloned().collect();
            match &names[..] {
                [] => None,
                [name] => Some(name.clone()),
                _ => Some(Value::Array(names)),
            }
        }
        _ => schema.get("properties").map(|_| "object".into()),
    }
}

/// Allows null besides.
pub(super) fn make_nullable(schema: &mut Map<String, Value>) {
    let null = || Value::from("null");
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    match schema.get_mut("type") {
        Some(Value::Array(names)) if !names.contains(&null()) => names.push(null()),
        Some(name @ Value::String(_)) if *name != "null" => *name = json!([name, "null"]),
        _ => {}
    }
    for name in ["oneOf", "anyOf"] {
        if let Some(Value::Array(choices)) = schema.get_mut(name) {
            choices.push(json!({"type": "null"}));
        }
    }
    if schema.contains_key("allOf") || schema.contains_key("const") {
        let description = schema.remove("description");
        let choices = json!([Value::Object(std::mem::take(schema)), {"type": "null"}]);
        schema.extend(description.map(|description| ("description".to_owned(), description)));
        schema.insert("anyOf".into(), choices);
    }
}

/// Merges a part of an `allOf` into a schema.
///
/// # Errors
/// Returns the part if both have a keyword with different values.
pub(super) fn merge(into: &mut Map<String, Value>, part: Value) -> Result<(), Value> {
    let Value::Object(part) = part else { return Ok(()) };
    let is_united = |name: &str| matches!(name, "properties" | "required" | "description");
    let fits = part
        .iter()
        .all(|(name, value)| is_united(name) || into.get(name).is_none_or(|known| known == value));
    if !fits {
        return Err(Value::Object(part));
    }
    for (name, value) in part {
        match (into.get_mut(&name), value) {
            (None, value) => {
                into.insert(name, value);
            }
            (Some(Value::Object(known)), Value::Object(more)) if name == "properties" => {
                for (property, schema) in more {
                    known.entry(property).or_insert(schema);
                }
            }
            (Some(Value::Array(known)), Value::Array(more)) if name == "required" => {
                for property in more {
                    if !known.contains(&property) {
                        known.push(property);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn is_short(value: &Value) -> bool {
    value.to_string().len() <= MAX_VALUE
}

pub(super) fn is_empty(list: &Value) -> bool {
    list.as_array().is_none_or(Vec::is_empty)
}
