//! Coerces parameters as models write them into what an action's schema asks for: JSON in a text,
//! `1.0` for an integer, `""` or null for an absent parameter.
//!
//! Invariant: a value changes only if the schema rejects it or if it means "absent". Values that may be
//! any JSON, and members of free-form objects, stay byte for byte.

use std::borrow::Cow;

use serde_json::Value;
use serde_json::value::RawValue;

use super::schema::admits_null;
use crate::json::RawObject;

/// Integers up to here are exact in a double.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The meaning of `""` for an optional string parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyText {
    /// The parameter is absent: it is a filter, a field name or a cursor.
    Absent,
    /// A value like any other: it is stored.
    Value,
}

/// Coerces the text of an object by its schema. Returns `None` if nothing changes.
pub fn object(schema: &Value, text: &str, empty: EmptyText) -> Option<String> {
    let properties = schema["properties"].as_object()?;
    let given = RawObject::parse(text).ok()?;
    let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
    let mut kept: Vec<(&str, Cow<'_, str>)> = Vec::new();
    let mut is_changed = false;
    for (name, value) in &given.members {
        let new = match properties.get(&**name) {
            None => None,
            Some(property) => {
                let is_required = required.iter().any(|known| known == &**name);
                if is_absent(property, value, is_required, empty) {
                    is_changed = true;
                    continue;
                }
                coerced(property, value.get(), empty)
            }
        };
        is_changed |= new.is_some();
        kept.push((name, new.map_or(Cow::Borrowed(value.get()), Cow::Owned)));
    }
    let member = |(name, value): (&str, Cow<'_, str>)| format!("{}:{value}", Value::from(name));
    is_changed
        .then(|| format!("{{{}}}", kept.into_iter().map(member).collect::<Vec<_>>().join(",")))
}

/// Returns whether a value means that its parameter is absent.
fn is_absent(property: &Value, value: &RawValue, is_required: bool, empty: EmptyText) -> bool {
    match value.get() {
        "null" => !admits_null(property),
        "\"\"" if !admits(property, "string") => true,
        "\"\"" => !is_required && (empty == EmptyText::Absent || property.get("enum").is_some()),
        _ => false,
    }
}

/// Coerces a value by its schema. Returns `None` if nothing changes.
fn coerced(schema: &Value, text: &str, empty: EmptyText) -> Option<String> {
    // If strings and lists are allowed, a string that contains a list is the list.
    let is_list = text.starts_with("\"[") && schema.get("anyOf").is_some();
    match text.as_bytes().first()? {
        b'"' if is_list || !admits(schema, "string") => {
            let inner: String = serde_json::from_str(text).ok()?;
            let inner = inner.trim();
            serde_json::from_str::<&RawValue>(inner).ok()?;
            let new = coerced(schema, inner, empty);
            new.or_else(|| admits(schema, kind_of(inner)).then(|| inner.to_owned()))
        }
        b'{' => object(choice(schema, "object")?, text, empty),
        b'[' => list(choice(schema, "array")?.get("items")?, text, empty),
        b'-' | b'0'..=b'9' if kind_of(text) == "number" && !admits(schema, "number") => {
            choice(schema, "integer").and_then(|_| whole(text))
        }
        _ => None,
    }
}

fn list(items: &Value, text: &str, empty: EmptyText) -> Option<String> {
    let given: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let new: Vec<Option<String>> =
        given.iter().map(|item| coerced(items, item.get(), empty)).collect();
    if new.iter().all(Option::is_none) {
        return None;
    }
    let items = given.iter().zip(&new).map(|(old, new)| new.as_deref().unwrap_or(old.get()));
    Some(format!("[{}]", items.collect::<Vec<_>>().join(",")))
}

/// Returns whether the schema takes values of this JSON type.
fn admits(schema: &Value, kind: &str) -> bool {
    choice(schema, kind).is_some() || (kind == "integer" && choice(schema, "number").is_some())
}

/// Returns the schema, or the first of its choices, that takes values of this JSON type.
fn choice<'a>(schema: &'a Value, kind: &str) -> Option<&'a Value> {
    if let Some(choices) =
        ["anyOf", "oneOf"].iter().find_map(|key| schema.get(*key)).and_then(Value::as_array)
    {
        return choices.iter().find_map(|one| choice(one, kind));
    }
    let takes = match &schema["type"] {
        Value::String(only) => only == kind,
        Value::Array(kinds) => kinds.iter().any(|known| known == kind),
        // Any JSON, or texts that are listed.
        _ => true,
    };
    takes.then_some(schema)
}

/// Returns the JSON type of a value; a number without fraction and exponent is an integer.
fn kind_of(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ if text.contains(['.', 'e', 'E']) => "number",
        _ => "integer",
    }
}

/// Returns the digits of a whole number that has a fraction or an exponent: `1` for `1.0`.
fn whole(number: &str) -> Option<String> {
    let digits = match number.split_once('.') {
        Some((digits, zeros)) if zeros.bytes().all(|digit| digit == b'0') => digits.to_owned(),
        _ => {
            let double: f64 = number.parse().ok()?;
            (double.fract() == 0.0 && double.abs() < EXACT).then(|| format!("{double:.0}"))?
        }
    };
    Some(if digits == "-0" { "0".into() } else { digits })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "count": {"type": "integer"},
                "maybe": {"type": ["integer", "null"]},
                "share": {"type": "number"},
                "all": {"type": "boolean"},
                "title": {"type": "string"},
                "name": {"type": "string"},
                "order": {"type": "string", "enum": ["asc", "desc"]},
                "numbers": {"type": "array", "items": {"type": "number"}},
                "ids": {"type": "array", "items": {"type": "integer"}},
                "names": {"type": "array", "items": {"type": "string"}},
                "either": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]},
                "metadata": {"type": "object"},
                "value": true,
                "nested": {"anyOf": [
                    {"type": "object", "properties": {"n": {"type": "integer"}, "s": {"type": "string"}}},
                    {"type": "null"},
                ]},
            },
            "required": ["title"],
        })
    }

    fn check(empty: EmptyText, cases: &[(&str, &str)]) {
        for (given, wanted) in cases {
            let new = object(&schema(), given, empty);
            assert_eq!(new.as_deref().unwrap_or(given), *wanted, "{given}");
            // A second pass changes nothing.
            assert_eq!(object(&schema(), wanted, empty), None, "{wanted}");
        }
    }

    #[test]
    fn json_in_a_text_is_taken_where_no_text_is_wanted() {
        check(
            EmptyText::Value,
            &[
                (r#"{"count":"1"}"#, r#"{"count":1}"#),
                (r#"{"count":" -7 "}"#, r#"{"count":-7}"#),
                (r#"{"maybe":"1"}"#, r#"{"maybe":1}"#),
                (r#"{"count":"12345678901234567890123"}"#, r#"{"count":12345678901234567890123}"#),
                (r#"{"share":"0.50"}"#, r#"{"share":0.50}"#),
                (r#"{"share":"5"}"#, r#"{"share":5}"#),
                (r#"{"all":"true"}"#, r#"{"all":true}"#),
                (r#"{"numbers":"[1,2.50]"}"#, r#"{"numbers":[1,2.50]}"#),
                (r#"{"numbers":["1",2,"3e1"]}"#, r#"{"numbers":[1,2,3e1]}"#),
                (r#"{"ids":"[\"1\",2.0]"}"#, r#"{"ids":[1,2]}"#),
                (r#"{"either":"[\"1:2\"]"}"#, r#"{"either":["1:2"]}"#),
                (r#"{"metadata":"{\"a\": \"1\"}"}"#, r#"{"metadata":{"a": "1"}}"#),
                (r#"{"nested":"{\"n\":\"4\",\"s\":\"4\"}"}"#, r#"{"nested":{"n":4,"s":"4"}}"#),
                (r#"{"\u0063ount":"1"}"#, r#"{"count":1}"#),
            ],
        );
    }

    #[test]
    fn a_whole_number_is_an_integer() {
        check(
            EmptyText::Value,
            &[
                (r#"{"count":1.0}"#, r#"{"count":1}"#),
                (r#"{"count":"2.00"}"#, r#"{"count":2}"#),
                (r#"{"count":1e3}"#, r#"{"count":1000}"#),
                (r#"{"count":1.5e1}"#, r#"{"count":15}"#),
                (r#"{"count":-0.0}"#, r#"{"count":0}"#),
                (r#"{"count":9007199254740993.0}"#, r#"{"count":9007199254740993}"#),
                (r#"{"nested":{"n":4.0}}"#, r#"{"nested":{"n":4}}"#),
            ],
        );
    }

    #[test]
    fn what_the_schema_takes_or_cannot_take_stays_byte_for_byte() {
        for same in [
            r#"{ "count" : 1, "title":"5" }"#,
            r#"{"count":"one"}"#,
            r#"{"count":"1.5"}"#,
            r#"{"count":1.5}"#,
            r#"{"count":1e99}"#,
            r#"{"count":"[1]"}"#,
            r#"{"count":true}"#,
            r#"{"count":"\ud800"}"#,
            r#"{"share":1.0}"#,
            r#"{"title":"[1]","name":"null"}"#,
            r#"{"names":["1","true"]}"#,
            r#"{"names":"a,b","either":"1:2,[3"}"#,
            r#"{"metadata":{"a": 1.0, "b":"1","c":"", "d":null}}"#,
            r#"{"value":"1"}"#,
            r#"{"value":""}"#,
            r#"{"value":null}"#,
            r#"{"value":{"count": "1", "n":1.0}}"#,
            r#"{"unknown":"1","other":1.0,"third":null}"#,
            r#"{"maybe":null,"nested":null}"#,
            "[1]",
            "not json",
        ] {
            assert_eq!(object(&schema(), same, EmptyText::Value), None, "{same}");
        }
    }

    #[test]
    fn nothing_is_said_by_an_empty_text_or_a_null() {
        let both: &[(&str, &str)] = &[
            (r#"{"count":"","all":"","metadata":"","nested":""}"#, "{}"),
            (r#"{"order":""}"#, "{}"),
            (r#"{"title":""}"#, r#"{"title":""}"#),
            (r#"{"count":null,"title":"t","name":null}"#, r#"{"title":"t"}"#),
            (r#"{"nested":{"n":null,"s":null}}"#, r#"{"nested":{}}"#),
        ];
        check(EmptyText::Value, both);
        check(EmptyText::Absent, both);
        check(EmptyText::Value, &[(r#"{"name":""}"#, r#"{"name":""}"#)]);
        check(
            EmptyText::Absent,
            &[(r#"{"name":""}"#, "{}"), (r#"{"nested":{"s":""}}"#, r#"{"nested":{}}"#)],
        );
    }
}
