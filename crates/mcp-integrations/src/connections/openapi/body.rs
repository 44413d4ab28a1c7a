//! The bodies of requests, as a document describes them.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::document::Document;
use super::schema::{Limits, Rewriter};
use super::style::{Style, Writing};
use super::text;

/// The forms of a parameter with bytes.
const BINARY: &str = "text, or \"base64:\" and bytes in base64";

/// The body of an operation, as far as a request needs it.
#[derive(Debug)]
pub(super) struct Body {
    /// The parameter with the whole body; `None` if its members are parameters.
    pub(super) key: Option<Box<str>>,
    /// Whether a body is sent even if it has no members.
    pub(super) is_required: bool,
    pub(super) content_type: Box<str>,
    pub(super) media: Media,
}

/// The kind of a body.
#[derive(Debug)]
pub(super) enum Media {
    Json,
    /// `application/x-www-form-urlencoded`.
    Form(Fields),
    /// `multipart/form-data`.
    Multipart(Fields),
    /// Text or bytes.
    Raw,
}

/// The fields of a form that are not written in the usual way.
pub(super) type Fields = BTreeMap<Box<str>, Field>;

/// A field of a form.
#[derive(Debug, Default)]
pub(super) struct Field {
    pub(super) writing: Option<Writing>,
    pub(super) content_type: Option<Box<str>>,
    pub(super) is_binary: bool,
}

/// A body with its documentation.
pub(super) struct Described {
    pub(super) body: Body,
    media: Rc<Value>,
    description: Option<String>,
    /// Whether the document says that the body may be missing.
    is_optional: bool,
}

/// The parameters that a body adds.
pub(super) struct Members {
    pub(super) properties: Map<String, Value>,
    pub(super) required: Vec<Value>,
    pub(super) is_closed: bool,
}

/// Reads the body of an operation.
///
/// # Errors
/// Says what is wrong with it.
pub(super) fn read(document: &Document<'_>, body: &Value) -> Result<Option<Described>, String> {
    let fault = |problem: String| format!("requestBody: {problem}");
    let body = document.resolved(body).map_err(fault)?;
    let content = body["content"].as_object().ok_or_else(|| fault("content is missing".into()))?;
    let Some((content_type, media)) = content.iter().min_by_key(|(kind, _)| rank(kind)) else {
        return Ok(None);
    };
    let content_type = content_type.trim();
    let fields = || fields(document, media);
    let kind = match rank(content_type) {
        0 | 1 => Media::Json,
        2 => Media::Form(fields()),
        3 => Media::Multipart(fields()),
        _ => Media::Raw,
    };
    let content_type = match (&kind, content_type) {
        (Media::Json, kind) if kind.contains('*') => "application/json",
        (_, kind) if kind.contains('*') => "application/octet-stream",
        (_, kind) => kind,
    };
    if http::HeaderValue::from_str(content_type).is_err() {
        return Err(fault(format!("{content_type:?} is not a media type")));
    }
    let is_required = body["required"] == true;
    Ok(Some(Described {
        body: Body { key: None, is_required, content_type: content_type.into(), media: kind },
        media: Rc::new(media.clone()),
        description: body["description"].as_str().map(ToOwned::to_owned),
        is_optional: body["required"] == false,
    }))
}

/// Returns the order in which media types are preferred.
fn rank(kind: &str) -> u8 {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match &*kind {
        "application/json" => 0,
        kind if kind.ends_with("+json") || matches!(kind, "*/*" | "application/*") => 1,
        "application/x-www-form-urlencoded" => 2,
        "multipart/form-data" => 3,
        kind if kind.starts_with("text/") => 4,
        _ => 5,
    }
}

/// Returns the fields of a form that have an encoding of their own or take bytes.
fn fields(document: &Document<'_>, media: &Value) -> Fields {
    let mut fields = Fields::new();
    for (name, encoding) in media["encoding"].as_object().into_iter().flatten() {
        let style = encoding["style"].as_str().and_then(Style::named);
        let explode = encoding["explode"].as_bool();
        let has_writing = style.is_some() || explode.is_some();
        let style = style.unwrap_or(Style::Form);
        let explode = explode.unwrap_or(style == Style::Form);
        let content_type =
            encoding["contentType"].as_str().filter(|kind| !kind.contains(['*', ',']));
        let field = Field {
            writing: has_writing.then_some(Writing { style, explode, reserved: false }),
            content_type: content_type.map(Into::into),
            is_binary: false,
        };
        fields.insert(name.as_str().into(), field);
    }
    let schema = document.resolved(&media["schema"]).unwrap_or_default();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let property = document.resolved(property).unwrap_or_default();
        let items = document.resolved(&property["items"]).unwrap_or_default();
        if is_binary(&property) || is_binary(&items) {
            fields.entry(name.as_str().into()).or_default().is_binary = true;
        }
    }
    fields
}

/// Returns whether a schema is of bytes: `format: binary` of 3.0, `contentMediaType` of 3.1.
fn is_binary(schema: &Value) -> bool {
    schema["format"] == "binary"
        || schema["contentMediaType"] == "application/octet-stream"
            && schema["contentEncoding"].is_null()
}

impl Described {
    /// Decides whether the members of the body become parameters: it must be an object, have members and
    /// no alternatives, and none of them may have the name of another parameter.
    pub(super) fn place(&mut self, document: &Document<'_>, taken: &[&str]) {
        let schema = self.schema(document, Limits { depth: 1, description: 0 });
        let is_flat = !matches!(self.body.media, Media::Raw)
            && schema["type"] == "object"
            && ["oneOf", "anyOf", "allOf", "not"].iter().all(|name| schema[name].is_null());
        let properties = schema["properties"].as_object().filter(|them| !them.is_empty());
        let is_free = |name: &String| !taken.contains(&&**name);
        if !is_flat || !properties.is_some_and(|them| them.keys().all(is_free)) {
            let key = if taken.contains(&"body") { "request_body" } else { "body" };
            self.body.key = Some(key.into());
        }
    }

    /// Returns the parameters that the body adds.
    pub(super) fn members(&self, document: &Document<'_>, limits: Limits) -> Members {
        let mut schema = self.schema(document, limits);
        let Some(key) = &self.body.key else {
            let mut required = Vec::new();
            if let Value::Array(names) = schema["required"].take()
                && !self.is_optional
            {
                required = names;
            }
            let properties = match schema["properties"].take() {
                Value::Object(properties) => properties,
                _ => Map::new(),
            };
            let is_closed = schema["additionalProperties"] == false;
            return Members { properties, required, is_closed };
        };
        if let (Some(text), Some(object)) = (&self.description, schema.as_object_mut())
            && limits.description > 0
        {
            let description = text::line(text, limits.description);
            object.entry("description").or_insert(description.into());
        }
        if matches!(self.body.media, Media::Raw) {
            let kind = &self.body.content_type;
            let words = if kind.starts_with("text/") { "text" } else { BINARY };
            schema = json!({"type": "string", "description": format!("{kind}: {words}")});
        }
        Members {
            properties: Map::from_iter([(key.to_string(), schema)]),
            required: if self.body.is_required { vec![key.as_ref().into()] } else { Vec::new() },
            is_closed: false,
        }
    }

    fn schema(&self, document: &Document<'_>, limits: Limits) -> Value {
        let mut schema = Rewriter::new(document, limits).schema(&self.media["schema"]);
        if let Some(object) = schema.as_object_mut() {
            only_required(object);
            if let Media::Form(fields) | Media::Multipart(fields) = &self.body.media {
                describe_binary(object, fields);
            }
        }
        schema
    }
}

/// Removes alternatives that differ only in the members that they require: the upstream checks them.
fn only_required(schema: &mut Map<String, Value>) {
    for name in ["oneOf", "anyOf"] {
        let is_only_required = |choice: &Value| {
            choice.as_object().is_some_and(|it| it.keys().all(|name| name == "required"))
        };
        let choices = schema.get(name).and_then(Value::as_array);
        let has_members = schema.get("properties").is_some_and(Value::is_object);
        if has_members && choices.is_some_and(|choices| choices.iter().all(is_only_required)) {
            schema.remove(name);
        }
    }
}

fn describe_binary(schema: &mut Map<String, Value>, fields: &Fields) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for (name, _) in fields.iter().filter(|(_, field)| field.is_binary) {
        let Some(property) = properties.get_mut(&**name).and_then(Value::as_object_mut) else {
            continue;
        };
        let known = property.get("description").and_then(Value::as_str).unwrap_or_default();
        let text = if known.is_empty() { BINARY.into() } else { format!("{known} ({BINARY})") };
        property.remove("format");
        property.entry("type").or_insert("string".into());
        property.insert("description".into(), text.into());
    }
}
