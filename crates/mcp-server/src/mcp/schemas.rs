//! Rewrites schemas into the subset of JSON Schema that all clients and model providers accept. The
//! integration test `every_schema_is_one_that_clients_and_providers_accept` names each rule's source.
//!
//! Schemas of arguments are narrower than what the server reads: it also takes null and JSON in a
//! text. Schemas of results are exact, since clients validate structured content against them.

use rmcp::model::JsonObject;
use serde_json::{Value, json};

/// The use of a schema.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Arguments,
    Results,
}

/// Returns the schema of a tool's arguments: always an object.
///
/// Providers reject `anyOf` and the like at the top; no action of the server has it there.
pub(super) fn of_arguments(schema: &Value) -> JsonObject {
    object(schema, Of::Arguments)
}

/// Returns the schema of a tool's structured content: always an object.
pub(super) fn of_results(schema: &Value) -> JsonObject {
    object(schema, Of::Results)
}

fn object(schema: &Value, of: Of) -> JsonObject {
    let mut members = portable(schema, of);
    members.insert("type".into(), "object".into());
    fill(&mut members, "object");
    members
}

fn portable(schema: &Value, of: Of) -> JsonObject {
    let Some(given) = schema.as_object() else { return any_json(JsonObject::new(), of) };
    let mut made = JsonObject::new();
    for (key, value) in given {
        match key.as_str() {
            // Written below.
            "type" | "enum" | "const" | "anyOf" | "oneOf" | "format" => {}
            // The server rejects unknown members itself, and some providers do not know the key.
            "additionalProperties" if of == Of::Arguments && value.is_boolean() => {}
            // RE2 and the regex crate do not know this escape.
            "pattern" if value.as_str().is_some_and(|pattern| pattern.contains(r"\u")) => {}
            "properties" => {
                let members = value.as_object().into_iter().flatten();
                let members =
                    members.map(|(name, value)| (name.clone(), portable(value, of).into()));
                made.insert(key.clone(), Value::Object(members.collect()));
            }
            "items" => {
                made.insert(key.clone(), portable(value, of).into());
            }
            _ => {
                made.insert(key.clone(), value.clone());
            }
        }
    }
    if let Some(values) = values_of(given) {
        return one_of_values(made, values, of);
    }
    if let Some(choices) = choices_of(given, of) {
        return one_of(made, &choices, of);
    }
    match kinds_of(given, of).as_slice() {
        [] => any_json(made, of),
        [kind] => {
            made.insert("type".into(), (*kind).into());
            fill(&mut made, kind);
            made
        }
        kinds => {
            let outer = made.shift_remove_entry("description").into_iter().collect();
            let choice = |kind: &&str| {
                let mut choice = if *kind == "null" { JsonObject::new() } else { made.clone() };
                choice.insert("type".into(), (*kind).into());
                fill(&mut choice, kind);
                Value::from(choice)
            };
            union(outer, kinds.iter().map(choice).collect())
        }
    }
}

/// Returns the values of an enumeration, which may be written as a choice of constants.
fn values_of(schema: &JsonObject) -> Option<Vec<Value>> {
    if let Some(value) = schema.get("const") {
        return Some(vec![value.clone()]);
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        return Some(values.clone());
    }
    let choices = schema.get("oneOf").or(schema.get("anyOf"))?.as_array()?;
    let values = choices.iter().map(|choice| match choice.as_object() {
        Some(null) if null.get("type") == Some(&"null".into()) => Some(vec![Value::Null]),
        Some(choice) => values_of(choice),
        None => None,
    });
    let values: Vec<Vec<Value>> = values.collect::<Option<_>>()?;
    Some(values.concat())
}

fn one_of_values(mut made: JsonObject, mut values: Vec<Value>, of: Of) -> JsonObject {
    let is_nullable = values.contains(&Value::Null);
    values.retain(|value| !value.is_null());
    let kind = values.first().map_or("string", |value| match value {
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        _ => "string",
    });
    if is_nullable && of == Of::Results {
        return union(made, vec![json!({"type": kind, "enum": values}), json!({"type": "null"})]);
    }
    made.insert("type".into(), kind.into());
    made.insert("enum".into(), values.into());
    made
}

/// Returns the choices of a union, for arguments without null.
fn choices_of(schema: &JsonObject, of: Of) -> Option<Vec<Value>> {
    let mut choices = schema.get("anyOf").or(schema.get("oneOf"))?.as_array()?.clone();
    choices.retain(|choice| of == Of::Results || choice["type"] != "null");
    Some(choices)
}

fn one_of(made: JsonObject, choices: &[Value], of: Of) -> JsonObject {
    if let [only] = choices {
        let mut only = portable(only, of);
        // The outer description applies to the only choice.
        only.extend(made);
        return only;
    }
    union(made, choices.iter().map(|choice| portable(choice, of).into()).collect())
}

/// Returns the JSON types that a schema names, for arguments without null.
fn kinds_of(schema: &JsonObject, of: Of) -> Vec<&str> {
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        Some(kind) => kind.as_str().into_iter().collect(),
        None if schema.contains_key("properties") => vec!["object"],
        None if schema.contains_key("items") => vec!["array"],
        None => Vec::new(),
    };
    kinds.into_iter().filter(|kind| of == Of::Results || *kind != "null").collect()
}

/// Returns a union of all JSON types. Providers require a type for the items of lists; in results any
/// item must stay valid.
fn any_json(made: JsonObject, of: Of) -> JsonObject {
    let plain = |kind: &str| json!({ "type": kind });
    let object = json!({"type": "object", "properties": {}});
    let scalars = || vec![plain("string"), plain("number"), plain("boolean"), plain("null")];
    let items = match of {
        Of::Arguments => {
            let in_list: Vec<Value> = scalars().into_iter().chain([object.clone()]).collect();
            json!({"description": "Any JSON", "anyOf": in_list})
        }
        Of::Results => json!({}),
    };
    let list = json!({"type": "array", "items": items});
    union(made, scalars().into_iter().chain([object, list]).collect())
}

fn union(mut made: JsonObject, choices: Vec<Value>) -> JsonObject {
    let description = made.shift_remove("description");
    let description = description.unwrap_or_else(|| "One of these forms".into());
    made.insert("description".into(), description);
    made.insert("anyOf".into(), choices.into());
    made
}

/// Adds the members that providers require of objects and lists.
fn fill(schema: &mut JsonObject, kind: &str) {
    match kind {
        "object" => {
            schema.entry("properties").or_insert_with(|| json!({}));
        }
        "array" => {
            let any = || any_json(JsonObject::new(), Of::Arguments).into();
            schema.entry("items").or_insert_with(any);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
