//! The text of a connections file: JSON with comments and trailing commas, or TOML.

use jsonc_parser::ast;
use jsonc_parser::errors::ParseError;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Map, Value};

/// The content of a file.
pub(crate) struct Document {
    pub(crate) value: Value,
    /// The paths of members that occur twice in one object. The last one is in `value`.
    pub(crate) repeated: Vec<Vec<String>>,
}

/// An error in the text. It does not quote the text, which may hold secrets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) problem: String,
}

/// JSON as VS Code reads it.
const JSON: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Parses JSON with comments and trailing commas.
pub(crate) fn parse_json(text: &str) -> Result<Document, SyntaxError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let parsed = parse_to_ast(text, &CollectOptions::default(), &JSON)
        .map_err(|error| json_error(&error))?;
    let mut conversion = Conversion::default();
    let value = parsed.value.map_or(Value::Null, |value| conversion.value(value));
    Ok(Document { value, repeated: conversion.repeated })
}

fn json_error(error: &ParseError) -> SyntaxError {
    let problem = error.kind().to_string();
    let mut letters = problem.chars();
    let problem =
        letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect();
    SyntaxError { line: error.line_display(), column: error.column_display(), problem }
}

/// Parses TOML.
pub(crate) fn parse_toml(text: &str) -> Result<Document, SyntaxError> {
    let value = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or(text);
        let last_line = before.rsplit('\n').next().unwrap_or_default();
        SyntaxError {
            line: before.split('\n').count(),
            column: 1 + last_line.chars().count(),
            problem: error.message().replace('\n', ", "),
        }
    })?;
    Ok(Document { value, repeated: Vec::new() })
}

/// Converts the tree of the parser, which limits the depth, to values.
#[derive(Default)]
struct Conversion {
    path: Vec<String>,
    repeated: Vec<Vec<String>>,
}

impl Conversion {
    fn value(&mut self, value: ast::Value<'_>) -> Value {
        match value {
            ast::Value::StringLit(text) => Value::String(text.value.into_owned()),
            // A number that no double can hold is left as text, and refused where a number is wanted.
            ast::Value::NumberLit(number) => serde_json::from_str(number.value)
                .unwrap_or_else(|_| Value::String(number.value.to_owned())),
            ast::Value::BooleanLit(flag) => Value::Bool(flag.value),
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::Array(array) => {
                self.path.push("[]".to_owned());
                let items = array.elements.into_iter().map(|item| self.value(item)).collect();
                self.path.pop();
                Value::Array(items)
            }
            ast::Value::Object(object) => self.object(object),
        }
    }

    fn object(&mut self, object: ast::Object<'_>) -> Value {
        let mut members = Map::new();
        for property in object.properties {
            let name = property.name.into_string();
            self.path.push(name.clone());
            let value = self.value(property.value);
            if members.insert(name, value).is_some() {
                self.repeated.push(self.path.clone());
            }
            self.path.pop();
        }
        Value::Object(members)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_may_have_comments_and_trailing_commas() {
        let text = "\u{feff}// one\n{\"a\": [1, 2.5, \"x\\u0041\",], /* two */ \"b\": {\"c\": null, \"c\": true,},}";
        let document = parse_json(text).expect("JSON");
        assert_eq!(document.value, json!({"a": [1, 2.5, "xA"], "b": {"c": true}}));
        assert_eq!(document.repeated, [["b", "c"]]);
    }

    #[test]
    fn errors_name_the_place_and_do_not_quote_the_text() {
        let deep = "[".repeat(100_000);
        for (text, line, column) in [
            ("{\"a\": \"hunter2\"\n \"b\": 1}", 1, 16),
            ("{\"a\": hunter2}", 1, 7),
            ("{'a': 'hunter2'}", 1, 2),
            ("{\"a\": \"hunter2", 1, 7),
            ("{} {}", 1, 4),
            (deep.as_str(), 1, 513),
        ] {
            let error = parse_json(text).err().expect("an error");
            assert_eq!((error.line, error.column), (line, column), "{error:?}");
            assert!(!error.problem.contains("hunter2"), "{error:?}");
        }
        let deep = format!("a = {}", "[".repeat(100_000));
        for (text, line) in [
            ("a = 1\nb = hunter2\n", 2),
            ("a = 'x'\na = 'hunter2'\n", 2),
            ("[a\n", 1),
            (deep.as_str(), 1),
        ] {
            let error = parse_toml(text).err().expect("an error");
            assert_eq!(error.line, line, "{error:?}");
            assert!(!error.problem.contains("hunter2"), "{error:?}");
        }
    }
}
