//! An OpenAPI document as text: only the needed parts are parsed, so that a large document costs
//! little time and memory.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use mcp_core::json::{self, RawObject};
use serde_json::Value;
use serde_json::value::RawValue;

/// The maximum number of references that are followed one after another.
const MAX_HOPS: usize = 16;

/// The limits of a YAML document: its nodes, its nesting, and what its aliases add.
const MAX_NODES: usize = 2_000_000;
const MAX_ALIAS_NODES: usize = 500_000;
const MAX_YAML_DEPTH: usize = 64;

/// Returns a document's text as JSON.
///
/// # Errors
/// Says why the text is neither JSON nor YAML.
pub(super) fn to_json(text: &str) -> Result<Cow<'_, str>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // A YAML document may be an object in braces too.
    let inner = text.trim_start().strip_prefix(['{', '[']).map(str::trim_start);
    let is_json =
        inner.is_some_and(|it| it.is_empty() || it.starts_with(['"', '}', '[', ']', '{']));
    let json = if is_json { Cow::Borrowed(text) } else { yaml_to_json(text)?.into() };
    json::check(&json).map_err(|problem| {
        let problem = one_line(&problem.to_string());
        format!("the document is not valid JSON: {problem}")
    })?;
    Ok(json)
}

fn yaml_to_json(text: &str) -> Result<String, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 2 * MAX_NODES,
            max_nodes: MAX_NODES,
            max_depth: MAX_YAML_DEPTH,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_ALIAS_NODES,
        },
        strict_booleans: true,
        with_snippet: false,
    };
    let value: Value = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let problem = one_line(&error.to_string());
        format!("the document is neither JSON nor valid YAML: {problem}")
    })?;
    if value.is_null() {
        return Err("the document is empty".into());
    }
    serde_json::to_string(&value).map_err(|error| format!("the document is not JSON: {error}"))
}

/// Returns the first line of a message, cut at 200 characters.
fn one_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(200).collect()
}

/// The members of an object by name.
type Members<'a> = Rc<HashMap<String, &'a RawValue>>;

/// An OpenAPI document.
pub(super) struct Document<'a> {
    root: &'a RawValue,
    /// The objects that references have led through, by JSON pointer.
    objects: RefCell<HashMap<String, Members<'a>>>,
    /// The values that references lead to, by JSON pointer.
    values: RefCell<HashMap<String, Rc<Value>>>,
}

impl<'a> Document<'a> {
    /// Reads JSON text that [`to_json`] returned.
    ///
    /// # Errors
    /// Says why the text is not an OpenAPI document of version 3.
    pub(super) fn new(text: &'a str) -> Result<Self, String> {
        let root: &RawValue = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let (objects, values) = (RefCell::default(), RefCell::default());
        let document = Self { root, objects, values };
        if !root.get().starts_with('{') {
            return Err("the document is not an object".into());
        }
        let version = |name: &str| match document.member(name) {
            None => None,
            Some(raw) => {
                let version: Value = serde_json::from_str(raw.get()).unwrap_or_default();
                Some(version.as_str().map_or_else(|| version.to_string(), ToOwned::to_owned))
            }
        };
        match (version("openapi"), version("swagger")) {
            (Some(version), _) if version.starts_with("3.") => Ok(document),
            (Some(version), _) => {
                let version: String = version.chars().take(20).collect();
                Err(format!("openapi is {version:?}: only versions 3.0 and 3.1 are supported"))
            }
            (None, Some(_)) => {
                Err("the document is Swagger 2.0: convert it to OpenAPI 3.0 or 3.1".into())
            }
            (None, None) => {
                Err("openapi is missing: the document is not an OpenAPI document".into())
            }
        }
    }

    /// Returns a member of the document.
    pub(super) fn member(&self, name: &str) -> Option<&'a RawValue> {
        self.members("", self.root)?.get(name).copied()
    }

    /// Returns the members of an object, which are read once for each pointer.
    fn members(&self, pointer: &str, raw: &'a RawValue) -> Option<Members<'a>> {
        if let Some(members) = self.objects.borrow().get(pointer) {
            return Some(Rc::clone(members));
        }
        let object = RawObject::parse(raw.get()).ok()?;
        let members = object.members.into_iter().map(|(name, raw)| (name.into_owned(), raw));
        let members = Rc::new(members.collect());
        self.objects.borrow_mut().insert(pointer.to_owned(), Rc::clone(&members));
        Some(members)
    }

    /// Returns the value that a reference leads to, such as `#/components/schemas/User`.
    ///
    /// # Errors
    /// Says why the value is missing.
    pub(super) fn value(&self, reference: &str) -> Result<Rc<Value>, String> {
        let shown: String = reference.chars().take(100).collect();
        let Some(pointer) = reference.strip_prefix('#') else {
            return Err(format!("{shown:?} is in another document: bundle all into one document"));
        };
        if let Some(value) = self.values.borrow().get(pointer) {
            return Ok(Rc::clone(value));
        }
        let raw = self.walk(pointer).ok_or_else(|| format!("{shown:?} is not in the document"))?;
        let value: Value = serde_json::from_str(raw.get()).map_err(|error| error.to_string())?;
        let value = Rc::new(value);
        self.values.borrow_mut().insert(pointer.to_owned(), Rc::clone(&value));
        Ok(value)
    }

    /// Follows a JSON pointer (RFC 6901) in the form of a URI fragment.
    fn walk(&self, pointer: &str) -> Option<&'a RawValue> {
        let (mut raw, mut walked) = (self.root, String::new());
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return None;
        }
        for token in pointer.split('/').skip(1) {
            let plain = percent_encoding::percent_decode_str(token).decode_utf8().ok()?;
            let plain = plain.replace("~1", "/").replace("~0", "~");
            raw = if raw.get().starts_with('[') {
                let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
                items.get(plain.parse::<usize>().ok()?).copied()?
            } else {
                self.members(&walked, raw)?.get(&plain).copied()?
            };
            walked.push('/');
            walked.push_str(token);
        }
        Some(raw)
    }

    /// Follows the references of an object that is not a schema: a parameter, a body, a path.
    ///
    /// # Errors
    /// Says which reference leads nowhere.
    pub(super) fn resolved(&self, value: &Value) -> Result<Rc<Value>, String> {
        let mut value = Rc::new(value.clone());
        for _ in 0..MAX_HOPS {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
                return Ok(value);
            };
            value = self.value(reference)?;
        }
        Err("references lead in a circle".into())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_is_a_json_pointer() {
        let text = r##"{"openapi":"3.1.0","components":{"schemas":{"a/b":{"~":[{"x":1}]},"ü":2,
            "p":{"$ref":"#/components/schemas/q"},"q":{"$ref":"#/components/schemas/p"},
            "r":{"$ref":"#/components/schemas/a~1b"}}}}"##;
        let document = Document::new(text).expect("a document");
        for (reference, expected) in [
            ("#/components/schemas/a~1b/~0/0/x", Ok(json!(1))),
            ("#/components/schemas/%C3%BC", Ok(json!(2))),
            ("#/components/schemas/c", Err("\"#/components/schemas/c\" is not in the document")),
            ("#components", Err("\"#components\" is not in the document")),
            (
                "a.yaml#/b",
                Err("\"a.yaml#/b\" is in another document: bundle all into one document"),
            ),
        ] {
            let value = document.value(reference).map(|value| (*value).clone());
            assert_eq!(value, expected.map_err(ToOwned::to_owned), "{reference}");
        }
        let resolved = document.resolved(&json!({"$ref": "#/components/schemas/r"}));
        assert_eq!(*resolved.expect("a value"), json!({"~": [{"x": 1}]}));
        let circle = document.resolved(&json!({"$ref": "#/components/schemas/p"}));
        assert_eq!(circle.expect_err("a circle"), "references lead in a circle");
    }

    #[test]
    fn yaml_keeps_names_that_are_numbers_and_texts_that_look_like_others() {
        let text = "openapi: 3.1.0\na: &a {b: yes, 200: 1}\nc: *a\nd:\n  <<: *a\n  b: '0.10'\n";
        let json: Value = serde_json::from_str(&to_json(text).expect("YAML")).expect("JSON");
        let expected = json!({"openapi": "3.1.0", "a": {"b": "yes", "200": 1},
            "c": {"b": "yes", "200": 1}, "d": {"b": "0.10", "200": 1}});
        assert_eq!(json, expected);
    }

    #[test]
    fn aliases_and_nesting_are_bounded() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..10 {
            let list = vec![format!("*a{}", level - 1); 10].join(", ");
            let _ = writeln!(bomb, "a{level}: &a{level} [{list}]");
        }
        let deep = format!("a: {}{}", "[".repeat(200), "]".repeat(200));
        let deep_json = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for text in [bomb, deep, deep_json] {
            let problem = to_json(&text).expect_err("a refusal");
            assert!(problem.starts_with("the document is n"), "{problem}");
            assert!(!problem.contains('\n') && problem.len() < 300, "{problem}");
        }
    }
}
