//! The variables in the texts of a connections file: `${VAR}`, `${VAR:-default}` and `${env:VAR}`.

use std::path::{MAIN_SEPARATOR_STR, Path};

use secrecy::SecretString;
use serde_json::Value;

use super::members::shown;
use crate::connections::secret_names::names_secret;

/// The limit for all texts of a connection together, in bytes: a variable can be repeated often.
const MAX_EXPANDED: usize = 256 * 1024;

/// Values that are shorter occur in ordinary words.
pub(super) const SHORTEST_SECRET: usize = 6;

/// Replaces the variables of one connection.
pub(super) struct Expander<'a> {
    folder: &'a Path,
    variable: &'a dyn Fn(&str) -> Option<String>,
    room: usize,
    /// The values of variables whose names say that they are secrets.
    pub(super) secrets: Vec<SecretString>,
}

impl<'a> Expander<'a> {
    pub(super) fn new(folder: &'a Path, variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { folder, variable, room: MAX_EXPANDED, secrets: Vec::new() }
    }

    /// Replaces the variables of every text in a value, except the names of members. An error names the
    /// text's place and never its content.
    pub(super) fn value(&mut self, place: &str, value: Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => {
                self.text(&text).map(Value::String).map_err(|error| format!("{place}: {error}"))?
            }
            Value::Array(items) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| self.value(&format!("{place}[{index}]"), item))
                .collect::<Result<_, _>>()?,
            Value::Object(members) => members
                .into_iter()
                .map(|(name, member)| {
                    Ok((name.clone(), self.value(&format!("{place}.{}", shown(&name)), member)?))
                })
                .collect::<Result<_, String>>()
                .map(Value::Object)?,
            other => other,
        })
    }

    /// Replaces the variables of a text. `$${` is the text `${`.
    fn text(&mut self, text: &str) -> Result<String, String> {
        let (mut expanded, mut rest) = (String::new(), text);
        while let Some(start) = rest.find('$') {
            expanded.push_str(&rest[..start]);
            rest = &rest[start..];
            if let Some(after) = rest.strip_prefix("$${") {
                expanded.push_str("${");
                rest = after;
            } else if let Some(after) = rest.strip_prefix("${") {
                let (reference, after) = after
                    .split_once('}')
                    .ok_or("a variable has no closing }: close it, or write $${ for the text ${")?;
                expanded.push_str(&self.reference(reference)?);
                rest = after;
            } else {
                expanded.push('$');
                rest = &rest[1..];
            }
            if expanded.len() > self.room {
                break;
            }
        }
        expanded.push_str(rest);
        self.room = self.room.checked_sub(expanded.len()).ok_or_else(|| {
            format!("the texts with their variables are longer than {MAX_EXPANDED} bytes")
        })?;
        Ok(expanded)
    }

    fn reference(&mut self, reference: &str) -> Result<String, String> {
        let (kind, name) = reference.split_once(':').unwrap_or(("", reference));
        // The colon of `VAR:-default` does not end a kind.
        let (kind, name) = if name.starts_with('-') { ("", reference) } else { (kind, name) };
        if let Some(place) = self.place(reference) {
            return place.map_err(str::to_owned);
        }
        match kind {
            "" | "env" => self.environment(name),
            "input" => Err(format!(
                "${{input:…}} asks a person, which a server cannot: use an environment variable, as in {}",
                as_variable(name)
            )),
            _ => Err("a variable has an unknown form: use ${VAR}, ${VAR:-default} or ${env:VAR}, or $${ for the text ${".to_owned()),
        }
    }

    /// Returns the value of a name that editors define.
    fn place(&self, name: &str) -> Option<Result<String, &'static str>> {
        let utf8 = |text: Option<&str>| {
            text.map(str::to_owned).ok_or("the path of the file's folder is not UTF-8")
        };
        match name {
            "workspaceFolder" => Some(utf8(self.folder.to_str())),
            "workspaceFolderBasename" => {
                Some(utf8(self.folder.file_name().map_or(Some(""), |name| name.to_str())))
            }
            "userHome" => Some((self.variable)("HOME").ok_or(
                "the environment variable HOME, which ${userHome} means, is not set: set it",
            )),
            "pathSeparator" | "/" => Some(Ok(MAIN_SEPARATOR_STR.to_owned())),
            _ => None,
        }
    }

    fn environment(&mut self, text: &str) -> Result<String, String> {
        let (name, default) = match text.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (text, None),
        };
        if !is_variable_name(name) {
            return Err("a variable's name is not letters, digits and _: use ${VAR}, ${VAR:-default} or ${env:VAR}, or $${ for the text ${".to_owned());
        }
        if default.is_some_and(|default| default.contains("${")) {
            return Err(format!("the default of {name} holds a variable: write a plain text"));
        }
        let value = (self.variable)(name);
        let value = match default {
            // As in a shell: an empty variable counts as not set.
            Some(default) => {
                value.filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned())
            }
            None => value.ok_or_else(|| {
                format!("the environment variable {name} is not set: set it, or write ${{{name}:-default}}")
            })?,
        };
        if names_secret(name) && value.len() >= SHORTEST_SECRET {
            self.secrets.push(value.clone().into());
        }
        Ok(value)
    }
}

/// Returns whether a text is a name of an environment variable: letters, digits and `_`, at most 128.
pub(crate) fn is_variable_name(name: &str) -> bool {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    letters && (1..=128).contains(&name.len()) && !name.as_bytes()[0].is_ascii_digit()
}

/// Returns a reference to the environment variable whose name is like another name: `${API_KEY}` for
/// `api-key`.
fn as_variable(name: &str) -> String {
    format!("${{{}}}", variable_name(name))
}

/// Makes a name of an environment variable of another name: `API_KEY` of `api-key`.
pub(crate) fn variable_name(name: &str) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' }
    };
    let name: String = name.trim().chars().take(100).map(plain).collect();
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        name
    } else {
        format!("VALUE_{name}")
    }
}
