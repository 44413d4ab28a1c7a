//! The JSON Schema of parameters and results, and the parameters and signature made of it.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// A parameter in documents and signatures.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The name.
    pub name: String,
    /// The meaning.
    pub description: String,
    /// The type in words: `string`, `integer`, `list of numbers`, `pending | completed`.
    pub kind: String,
    /// Whether the parameter is required.
    pub required: bool,
    /// Whether null is a value. Otherwise null counts as absent.
    pub nullable: bool,
    /// The default value.
    pub default: Option<Value>,
}

/// Returns the schema of parameters: JSON Schema 2020-12, without references.
pub(super) fn of_params<T: JsonSchema>() -> Value {
    root::<T>(SchemaSettings::draft2020_12())
}

/// Returns the schema of a result: JSON Schema 2020-12, without references.
#[must_use]
pub fn of_output<T: JsonSchema>() -> Value {
    root::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn root<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(object) = schema.as_object_mut() {
        // The name of the Rust type does not help a caller.
        object.remove("title");
        object.remove("description");
    }
    remove_null_defaults(&mut schema);
    schema
}

/// Removes null defaults: the parameter is optional anyway.
fn remove_null_defaults(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.retain(|key, value| key != "default" || !value.is_null());
            members.values_mut().for_each(remove_null_defaults);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_null_defaults),
        _ => {}
    }
}

/// Returns the parameters of a schema, required ones first.
pub(super) fn parameters(schema: &Value) -> Vec<Parameter> {
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let mut parameters: Vec<Parameter> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, property)| Parameter {
            name: name.clone(),
            description: property["description"].as_str().unwrap_or_default().replace('\n', " "),
            kind: kind(property),
            required: required.contains(&name.as_str()),
            nullable: admits_null(property),
            default: property.get("default").filter(|value| !value.is_null()).cloned(),
        })
        .collect();
    parameters.sort_by_key(|parameter| !parameter.required);
    parameters
}

/// Returns `add_task(title, description?, priority?=medium)`.
pub(super) fn signature(name: &str, parameters: &[Parameter]) -> String {
    let list: Vec<String> = parameters.iter().map(shown).collect();
    format!("{name}({})", list.join(", "))
}

/// Returns the signature without defaults: `add_task(title, description?, priority?)`.
pub(super) fn brief_signature(name: &str, parameters: &[Parameter]) -> String {
    let shown = |parameter: &Parameter| {
        format!("{}{}", parameter.name, if parameter.required { "" } else { "?" })
    };
    let list: Vec<String> = parameters.iter().map(shown).collect();
    format!("{name}({})", list.join(", "))
}

fn shown(parameter: &Parameter) -> String {
    let Parameter { name, required, default, .. } = parameter;
    match default {
        _ if *required => name.clone(),
        Some(Value::String(text)) if !text.is_empty() => format!("{name}?={text}"),
        Some(value @ (Value::Number(_) | Value::Bool(true))) => format!("{name}?={value}"),
        _ => format!("{name}?"),
    }
}

/// Returns whether the schema allows null.
pub(super) fn admits_null(property: &Value) -> bool {
    match property {
        Value::Bool(admits) => *admits,
        Value::Object(schema) => {
            let typed = schema.get("type").is_none_or(|kind| match kind {
                Value::Array(kinds) => kinds.iter().any(|kind| kind == "null"),
                kind => kind == "null",
            });
            let chosen = ["anyOf", "oneOf"].iter().all(|key| {
                schema
                    .get(*key)
                    .and_then(Value::as_array)
                    .is_none_or(|choices| choices.iter().any(admits_null))
            });
            let listed = schema
                .get("enum")
                .and_then(Value::as_array)
                .is_none_or(|values| values.contains(&Value::Null));
            typed && chosen && listed
        }
        _ => false,
    }
}

fn kind(property: &Value) -> String {
    if let Some(values) = property["enum"].as_array() {
        return values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | ");
    }
    if let Some(choices) = property["anyOf"].as_array().or(property["oneOf"].as_array()) {
        let kinds: Vec<String> =
            choices.iter().map(kind).filter(|kind| kind != "null" && !kind.is_empty()).collect();
        return kinds.join(" | ");
    }
    if let Some(value) = property["const"].as_str() {
        return value.into();
    }
    let named = match &property["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        kind => kind.as_str(),
    };
    match named {
        Some("array") => match kind(&property["items"]).as_str() {
            "" | "any JSON" => "list".into(),
            item => format!("list of {item}s"),
        },
        Some(name) => name.into(),
        None => "any JSON".into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn null_is_a_value_only_where_the_schema_says_so() {
        assert!(admits_null(&json!(true)));
        assert!(admits_null(&json!({"description": "any JSON"})));
        assert!(admits_null(&json!({"type": ["string", "null"]})));
        assert!(admits_null(&json!({"anyOf": [{"type": "string"}, {"type": "null"}]})));
        assert!(!admits_null(&json!({"type": "string"})));
        assert!(!admits_null(&json!({"enum": ["a", "b"]})));
    }
}
