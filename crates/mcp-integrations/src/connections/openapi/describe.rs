//! The documentation of an operation: its description, and the schema of its parameters.

use serde_json::{Map, Value, json};

use super::document::Document;
use super::schema::Limits;
use super::{body, parameters, text};

/// The maximum size of the schema of an operation's parameters, in bytes of JSON. A larger one is shown
/// with less depth.
const MAX_SCHEMA: usize = 16 << 10;

/// The limits that are tried until a schema is small enough.
const LIMITS: [Limits; 6] = [
    Limits { depth: 6, description: text::PARAMETER },
    Limits { depth: 4, description: text::PARAMETER },
    Limits { depth: 3, description: 200 },
    Limits { depth: 2, description: 100 },
    Limits { depth: 1, description: 60 },
    Limits { depth: 1, description: 0 },
];

/// Returns the summary, and the description if that says more. A deprecated operation says so first.
pub(super) fn description(
    summary: Option<&Value>,
    description: Option<&Value>,
    is_deprecated: bool,
) -> String {
    let line = |text: Option<&Value>| {
        text::line(text.and_then(Value::as_str).unwrap_or_default(), text::OPERATION)
    };
    let (summary, description) = (line(summary), line(description));
    let text = if summary.is_empty() || description.starts_with(&summary) {
        description
    } else if description.is_empty() {
        summary
    } else {
        let stop = if summary.ends_with(['.', '!', '?', ':']) { "" } else { "." };
        format!("{summary}{stop} {description}")
    };
    let text = if is_deprecated { format!("Deprecated. {text}") } else { text };
    text::line(&text, text::OPERATION)
}

/// Returns the schema of all parameters, as deep as it may be.
pub(super) fn params(
    document: &Document<'_>,
    parameters: &[parameters::Described],
    body: Option<&body::Described>,
) -> Value {
    let mut schema = Value::Null;
    for limits in LIMITS {
        schema = self::schema(document, parameters, body, limits);
        if schema.to_string().len() <= MAX_SCHEMA {
            break;
        }
    }
    schema
}

fn schema(
    document: &Document<'_>,
    parameters: &[parameters::Described],
    body: Option<&body::Described>,
    limits: Limits,
) -> Value {
    let (mut properties, mut required, mut is_closed) = (Map::new(), Vec::new(), false);
    for described in parameters {
        let key = &*described.parameter.key;
        properties.insert(key.to_owned(), described.schema(document, limits));
        if described.is_required {
            required.push(Value::from(key));
        }
    }
    if let Some(body) = body {
        let members = body.members(document, limits);
        properties.extend(members.properties);
        required.extend(members.required);
        is_closed = members.is_closed;
    }
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = Value::Array(required);
    }
    if is_closed {
        schema["additionalProperties"] = false.into();
    }
    schema
}
