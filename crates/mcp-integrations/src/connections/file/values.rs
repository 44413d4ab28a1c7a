//! Reads single members. Errors say what would be right; they quote no text, which may hold a secret.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use super::members::{Members, shown};

/// The maximum number of members of an object of texts.
const MAX_NAMED: usize = 1000;

/// Takes a text.
pub(super) fn text(members: &mut Members, name: &str) -> Result<Option<String>, String> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() && !text.contains('\0') => Ok(Some(text)),
        Some(_) => Err(format!("{name} is not a text of at least one character")),
    }
}

/// Takes a path, a program or a URL. A shell would replace `~`; here it would name a folder.
pub(super) fn path(members: &mut Members, name: &str) -> Result<Option<String>, String> {
    let path = text(members, name)?;
    if path.as_ref().is_some_and(|path| path == "~" || path.starts_with("~/")) {
        return Err(format!("{name} starts with ~: write ${{HOME}}"));
    }
    Ok(path)
}

/// Takes `true` or `false`.
pub(super) fn flag(members: &mut Members, name: &str) -> Result<Option<bool>, String> {
    match members.remove(name) {
        None => Ok(None),
        Some(value) => {
            as_flag(&value).map(Some).ok_or_else(|| format!("{name} must be true or false"))
        }
    }
}

/// Returns the value of `true`, `false` or a text that is one of them, as after a variable.
pub(super) fn as_flag(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Takes a time in seconds.
pub(super) fn seconds(
    members: &mut Members,
    name: &str,
    range: RangeInclusive<f64>,
) -> Result<Option<Duration>, String> {
    let Some(value) = members.remove(name) else { return Ok(None) };
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    let fitting = number.filter(|number| range.contains(number));
    fitting.map(|number| Some(Duration::from_secs_f64(number))).ok_or_else(|| {
        let given = given_number(&value);
        format!("{name}{given}: use seconds from {} to {}", range.start(), range.end())
    })
}

/// Takes a whole number.
pub(super) fn whole(
    members: &mut Members,
    name: &str,
    range: RangeInclusive<usize>,
) -> Result<Option<usize>, String> {
    let Some(value) = members.remove(name) else { return Ok(None) };
    let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
    let number = number.or_else(|| value.as_str()?.trim().parse().ok());
    let fitting = number.filter(|number| range.contains(number));
    fitting.map(Some).ok_or_else(|| {
        let given = given_number(&value);
        format!("{name}{given}: use a whole number from {} to {}", range.start(), range.end())
    })
}

fn given_number(value: &Value) -> String {
    match value {
        Value::Number(number) => format!(" is {number}"),
        _ => " is not a number in its range".to_owned(),
    }
}

/// Takes a list of texts. Numbers and `true` or `false` count as texts.
pub(super) fn texts(members: &mut Members, name: &str) -> Result<Option<Vec<String>>, String> {
    members.remove(name).map(|value| as_texts(name, value)).transpose()
}

/// Returns the texts of a list.
pub(super) fn as_texts(name: &str, value: Value) -> Result<Vec<String>, String> {
    let Value::Array(items) = value else {
        return Err(format!("{name} is not a list of texts: write [\"…\", \"…\"]"));
    };
    let texts = items
        .into_iter()
        .enumerate()
        .map(|(index, item)| plain(item).ok_or_else(|| format!("{name}[{index}] is not a text")));
    texts.collect()
}

/// Takes an object of texts, sorted by name. Numbers and `true` or `false` count as texts, and members
/// that are `null` as absent.
pub(super) fn named_texts(
    members: &mut Members,
    name: &str,
) -> Result<Vec<(String, String)>, String> {
    let map = match members.remove(name) {
        None => return Ok(Vec::new()),
        Some(Value::Object(map)) if map.len() > MAX_NAMED => {
            return Err(format!("{name} has more than {MAX_NAMED} members"));
        }
        Some(Value::Object(map)) => map,
        Some(_) => {
            return Err(format!("{name} is not an object of texts: write {{\"NAME\": \"value\"}}"));
        }
    };
    let present = map.into_iter().filter(|(_, value)| !value.is_null());
    let mut texts = present
        .map(|(key, value)| {
            let text =
                plain(value).ok_or_else(|| format!("{name}.{} is not a text", shown(&key)))?;
            Ok((key, text))
        })
        .collect::<Result<Vec<_>, String>>()?;
    texts.sort();
    Ok(texts)
}

fn plain(value: Value) -> Option<String> {
    match value {
        Value::String(text) if !text.contains('\0') => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
