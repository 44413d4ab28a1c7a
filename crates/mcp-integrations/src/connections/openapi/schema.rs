//! Schemas of OpenAPI 3.0 and 3.1 as JSON Schema 2020-12, without references.

mod keywords;

use serde_json::{Map, Value, json};

use super::document::Document;
use super::text;
use keywords::{copy_values, is_empty, is_short, kind, make_nullable, merge, outline};

/// The limits of a schema of parameters. A deeper schema keeps only its type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The levels of properties and items.
    pub(super) depth: usize,
    /// The characters of a description.
    pub(super) description: usize,
}

/// The maximum number of schemas in the parameters of an operation.
const MAX_SCHEMAS: usize = 5000;

/// The maximum recursion, with references and `allOf`, so that the stack does not overflow.
const MAX_LEVEL: usize = 48;

/// Rewrites the schemas of one operation.
pub(super) struct Rewriter<'d, 'a> {
    document: &'d Document<'a>,
    limits: Limits,
    /// The references that are being followed.
    path: Vec<String>,
    level: usize,
    schemas: usize,
}

impl<'d, 'a> Rewriter<'d, 'a> {
    pub(super) fn new(document: &'d Document<'a>, limits: Limits) -> Self {
        Self { document, limits, path: Vec::new(), level: 0, schemas: 0 }
    }

    /// Returns a schema for requests: properties that are only in responses are left out.
    pub(super) fn schema(&mut self, schema: &Value) -> Value {
        self.at(schema, 0)
    }

    fn at(&mut self, schema: &Value, depth: usize) -> Value {
        let object = match schema {
            Value::Object(object) => object,
            Value::Bool(false) => return json!({"not": {}}),
            _ => return json!({}),
        };
        self.schemas += 1;
        if self.level >= MAX_LEVEL || self.schemas > MAX_SCHEMAS {
            return outline(object);
        }
        self.level += 1;
        let rewritten = match object.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.referenced(reference, object, depth),
            None => self.object(object, depth),
        };
        self.level -= 1;
        rewritten
    }

    /// Returns the schema that a reference leads to. A reference to a schema that contains it becomes
    /// an outline.
    fn referenced(
        &mut self,
        reference: &str,
        siblings: &Map<String, Value>,
        depth: usize,
    ) -> Value {
        let mut rewritten = match self.document.value(reference) {
            Err(_) => json!({}),
            Ok(target) if self.path.iter().any(|known| known == reference) => {
                target.as_object().map_or_else(|| json!({}), outline)
            }
            Ok(target) => {
                self.path.push(reference.to_owned());
                let rewritten = self.at(&target, depth);
                self.path.pop();
                rewritten
            }
        };
        if let Some(object) = rewritten.as_object_mut() {
            if let Some(description) = self.description(siblings) {
                object.insert("description".into(), description);
            }
            if let Some(default) = siblings.get("default").filter(|value| is_short(value)) {
                object.insert("default".into(), default.clone());
            }
            if siblings.get("nullable") == Some(&Value::Bool(true)) {
                make_nullable(object);
            }
        }
        rewritten
    }

    fn object(&mut self, from: &Map<String, Value>, depth: usize) -> Value {
        if depth > self.limits.depth {
            return outline(from);
        }
        let mut to = Map::new();
        if let Some(kind) = kind(from) {
            to.insert("type".into(), kind);
        }
        if let Some(description) = self.description(from) {
            to.insert("description".into(), description);
        }
        copy_values(from, &mut to);
        self.copy_parts(from, &mut to, depth);
        for name in ["oneOf", "anyOf"] {
            if let Some(Value::Array(choices)) = from.get(name).filter(|list| !is_empty(list)) {
                let choices = choices.iter().map(|choice| self.at(choice, depth + 1)).collect();
                to.insert(name.into(), Value::Array(choices));
            }
        }
        if let Some(not) = from.get("not").filter(|not| not.is_object()) {
            to.insert("not".into(), self.at(not, depth + 1));
        }
        if let Some(Value::Array(parts)) = from.get("allOf") {
            let parts: Vec<Value> = parts.iter().map(|part| self.at(part, depth)).collect();
            let rest: Vec<Value> =
                parts.into_iter().filter_map(|part| merge(&mut to, part).err()).collect();
            if !rest.is_empty() {
                to.insert("allOf".into(), Value::Array(rest));
            }
        }
        if from.get("nullable") == Some(&Value::Bool(true)) {
            make_nullable(&mut to);
        }
        Value::Object(to)
    }

    fn description(&self, of: &Map<String, Value>) -> Option<Value> {
        let text = of.get("description")?.as_str()?;
        let line = text::line(text, self.limits.description);
        (!line.is_empty() && self.limits.description > 0).then(|| line.into())
    }

    fn copy_parts(&mut self, from: &Map<String, Value>, to: &mut Map<String, Value>, depth: usize) {
        if let Some(items) = from.get("items").filter(|items| items.is_object()) {
            to.insert("items".into(), self.at(items, depth + 1));
        }
        if let Some(Value::Array(items)) = from.get("prefixItems").filter(|list| !is_empty(list)) {
            let items = items.iter().map(|item| self.at(item, depth + 1)).collect();
            to.insert("prefixItems".into(), Value::Array(items));
        }
        let mut left_out = Vec::new();
        if let Some(Value::Object(properties)) = from.get("properties") {
            let mut kept = Map::new();
            for (name, property) in properties {
                if self.is_read_only(property) {
                    left_out.push(name.as_str());
                } else {
                    kept.insert(name.clone(), self.at(property, depth + 1));
                }
            }
            to.insert("properties".into(), Value::Object(kept));
        }
        if let Some(Value::Array(required)) = from.get("required") {
            let is_kept = |name: &&Value| name.as_str().is_some_and(|it| !left_out.contains(&it));
            let required: Vec<Value> = required.iter().filter(is_kept).cloned().collect();
            if !required.is_empty() {
                to.insert("required".into(), Value::Array(required));
            }
        }
        match from.get("additionalProperties") {
            Some(Value::Bool(false)) => {
                to.insert("additionalProperties".into(), false.into());
            }
            Some(schema @ Value::Object(members)) if !members.is_empty() => {
                to.insert("additionalProperties".into(), self.at(schema, depth + 1));
            }
            _ => {}
        }
    }

    fn is_read_only(&self, property: &Value) -> bool {
        let says_so = |schema: &Value| schema.get("readOnly") == Some(&Value::Bool(true));
        let target = property.get("$ref").and_then(Value::as_str);
        says_so(property)
            || target.is_some_and(|it| self.document.value(it).is_ok_and(|it| says_so(&it)))
    }
}

#[cfg(test)]
mod tests;
