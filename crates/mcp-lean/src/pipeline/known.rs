//! Whether a schema has a field. A closed schema says so before the action runs; for the JSON of an
//! upstream, only the data says.

use serde_json::Value;

/// The answer of a schema to the question for a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Yes,
    /// Only the data says.
    Open,
    /// The schema has only these fields.
    No(Vec<String>),
}

/// Looks a path up in a schema without references. Lists are mapped.
pub(super) fn in_schema(schema: &Value, path: &str) -> Known {
    let Some(members) = schema.as_object() else { return Known::Open };
    if let Some(choices) = ["anyOf", "oneOf"].iter().find_map(|key| members.get(*key)?.as_array()) {
        return any_of(choices, path);
    }
    if has_type(schema, "array") {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let items = members.get("items").unwrap_or(&Value::Bool(true));
        return match (first.parse::<usize>().is_ok(), rest) {
            (true, "") => Known::Yes,
            (true, rest) => in_schema(items, rest),
            (false, _) => in_schema(items, path),
        };
    }
    let Some(properties) = members.get("properties").and_then(Value::as_object) else {
        let is_plain = members.contains_key("type") && !has_type(schema, "object");
        return if is_plain { Known::No(Vec::new()) } else { Known::Open };
    };
    if properties.contains_key(path) {
        return Known::Yes;
    }
    let further = path
        .rmatch_indices('.')
        .find_map(|(dot, _)| Some(in_schema(properties.get(&path[..dot])?, &path[dot + 1..])));
    let is_open = members.get("additionalProperties").is_some_and(|more| more != false);
    match further {
        Some(known) => known,
        None if is_open => Known::Open,
        None => Known::No(properties.keys().cloned().collect()),
    }
}

/// Returns the schema at a path through objects; `true`, which allows anything, if it has none.
pub(super) fn schema_at<'a>(schema: &'a Value, path: &str) -> &'a Value {
    let step = |schema: &'a Value, name: &str| schema.get("properties")?.get(name);
    path.split('.')
        .filter(|name| !name.is_empty())
        .try_fold(schema, step)
        .unwrap_or(&Value::Bool(true))
}

/// Returns the schema of the items if a schema is that of a list, or else the schema itself.
pub(super) fn row_of(schema: &Value) -> &Value {
    if has_type(schema, "array") {
        schema.get("items").unwrap_or(&Value::Bool(true))
    } else {
        schema
    }
}

fn any_of(choices: &[Value], path: &str) -> Known {
    let mut names = Vec::new();
    let mut is_open = false;
    for choice in choices {
        match in_schema(choice, path) {
            Known::Yes => return Known::Yes,
            Known::Open => is_open = true,
            Known::No(known) => names.extend(known),
        }
    }
    if is_open { Known::Open } else { Known::No(names) }
}

fn has_type(schema: &Value, name: &str) -> bool {
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(|kind| kind == name),
        kind => kind == name,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use mcp_core::action::output_schema;
    use mcp_core::domain::Task;

    #[test]
    fn a_closed_schema_knows_its_fields_and_an_open_one_leaves_them_to_the_data() {
        let tasks = output_schema::<Vec<Task>>();
        for (path, known) in [
            ("id", Known::Yes),
            ("assigned_to", Known::Yes),
            ("0.title", Known::Yes),
            ("title.x", Known::No(Vec::new())),
        ] {
            assert_eq!(in_schema(&tasks, path), known, "{path}");
        }
        let Known::No(names) = in_schema(&tasks, "nope") else { panic!("it is unknown") };
        assert_eq!(names[..2], ["id", "title"]);
        let open = json!({"type": "object"});
        assert_eq!(in_schema(&open, "user.login"), Known::Open);
        let found = json!({"type": "object", "properties": {
            "total": {"type": "integer"}, "items": {"type": "array", "items": open},
        }});
        assert_eq!(in_schema(&found, "items.user.login"), Known::Open);
        assert_eq!(in_schema(schema_at(&found, "items"), "user"), Known::Open);
        assert_eq!(in_schema(&found, "total"), Known::Yes);
        assert_eq!(in_schema(schema_at(&found, "nope"), "x"), Known::Open);
        assert_eq!(in_schema(&json!({"anyOf": [{"type": "null"}, found]}), "total"), Known::Yes);
    }
}
