//! Reads one connection.

use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::members::{self, Members, canonical, quoted};
use super::values::{as_flag, flag, seconds, text, whole};
use super::variables::{Expander, SHORTEST_SECRET};
use super::{hash, system, tools};
use crate::connections::secret_names::names_secret;
use crate::connections::settings::{ConnectionSettings, Entry, OnChange, System};

/// The maximum length of a connection's name, in characters.
const MAX_NAME: usize = 64;

/// The maximum length of a prefix: an action's name has 64 characters.
const MAX_PREFIX: usize = 32;

/// The maximum length of a description, in characters.
const MAX_DESCRIPTION: usize = 500;

/// Reads a connection. `problem` is a reason why it cannot be used, found before.
pub(super) fn read(
    name: &str,
    value: &Value,
    problem: Option<String>,
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
    warnings: &mut Vec<String>,
) -> Entry {
    let disabled = is_disabled(value);
    let mut expander = Expander::new(folder, variable);
    let mut notes = Vec::new();
    let settings = match problem {
        Some(problem) => Err(problem),
        None => check_name(name)
            .and_then(|()| object(value))
            .and_then(|map| members::sort(map, &mut notes))
            .and_then(|members| expand(members, &mut expander))
            .and_then(|members| settings(members, folder, &mut notes)),
    };
    warnings.extend(notes.into_iter().map(|note| format!("connection {}: {note}", quoted(name))));
    let hash = match &settings {
        Ok(settings) => hash::of_settings(settings),
        Err(reason) => hash::of_failure(value, reason),
    };
    let mut secrets = expander.secrets;
    if let Ok(settings) = &settings {
        secrets.extend(named_secrets(&settings.system));
    }
    secrets.sort_by(|a, b| a.expose_secret().cmp(b.expose_secret()));
    secrets.dedup_by(|a, b| a.expose_secret() == b.expose_secret());
    let disabled = settings.as_ref().map_or(disabled, |settings| settings.disabled);
    Entry { name: fitting_name(name), settings, disabled, hash, secrets }
}

/// Returns whether a connection that perhaps cannot be used is switched off.
fn is_disabled(value: &Value) -> bool {
    let members = value.as_object().into_iter().flatten();
    members.into_iter().any(|(name, value)| match canonical(name) {
        Some("disabled") => as_flag(value) == Some(true),
        Some("enabled") => as_flag(value) == Some(false),
        _ => false,
    })
}

/// Returns whether a letter is invisible or changes the order of others.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
        )
}

fn check_name(name: &str) -> Result<(), String> {
    let fits = (1..=MAX_NAME).contains(&name.chars().count()) && !name.contains(is_hidden);
    fits.then_some(()).ok_or_else(|| {
        format!("a connection's name has 1 to {MAX_NAME} characters that can be seen: rename it")
    })
}

/// Returns a name that fits, and that no other connection has, in place of one that does not fit.
fn fitting_name(name: &str) -> String {
    if check_name(name).is_ok() {
        return name.to_owned();
    }
    let visible = name.chars().filter(|letter| !is_hidden(*letter));
    let beginning: String = visible.take(MAX_NAME - 9).collect();
    format!("{beginning}-{:.8}", hash::of_text(name))
}

fn object(value: &Value) -> Result<Map<String, Value>, String> {
    match value {
        Value::Object(map) => Ok(map.clone()),
        _ => Err("a connection is an object: write {\"command\": \"…\"}, {\"url\": \"…\"} or {\"openapi\": \"…\"}".to_owned()),
    }
}

fn expand(members: Members, expander: &mut Expander<'_>) -> Result<Members, String> {
    members.into_iter().map(|(name, value)| Ok((name, expander.value(name, value)?))).collect()
}

fn settings(
    mut members: Members,
    folder: &Path,
    warnings: &mut Vec<String>,
) -> Result<ConnectionSettings, String> {
    let members = &mut members;
    let disabled = flag(members, "disabled")?.unwrap_or(false);
    let enabled = flag(members, "enabled")?.unwrap_or(true);
    Ok(ConnectionSettings {
        prefix: prefix(members)?,
        description: description(members)?,
        tools: tools::read(members, warnings)?,
        read_only: flag(members, "readOnly")?.unwrap_or(false),
        timeout: seconds(members, "timeout", 0.1..=3600.0)?.unwrap_or(Duration::from_mins(1)),
        idle_timeout: seconds(members, "idleTimeout", 1.0..=86_400.0)?
            .unwrap_or(Duration::from_mins(10)),
        concurrency: whole(members, "concurrency", 1..=1000)?.unwrap_or(8),
        on_change: match text(members, "onChange")?.as_deref() {
            None | Some("accept") => OnChange::Accept,
            Some("hold") => OnChange::Hold,
            Some(_) => return Err("onChange must be \"accept\" or \"hold\"".to_owned()),
        },
        disabled: disabled || !enabled,
        system: system::read(members, folder, warnings)?,
    })
}

fn prefix(members: &mut Members) -> Result<Option<String>, String> {
    let Some(prefix) = text(members, "prefix")? else { return Ok(None) };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if prefix.len() > MAX_PREFIX || !prefix.bytes().all(is_plain) {
        return Err(format!(
            "prefix must be 1 to {MAX_PREFIX} characters of A-Z, a-z, 0-9, _ and -"
        ));
    }
    Ok(Some(prefix))
}

fn description(members: &mut Members) -> Result<String, String> {
    // Editors write an empty one.
    if members.get("description").and_then(Value::as_str) == Some("") {
        return Ok(String::new());
    }
    let Some(description) = text(members, "description")? else { return Ok(String::new()) };
    let visible: String = description
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    if visible.chars().count() > MAX_DESCRIPTION {
        return Err(format!("description is longer than {MAX_DESCRIPTION} characters: shorten it"));
    }
    Ok(visible)
}

/// Returns the values whose names say that they are secrets.
fn named_secrets(system: &System) -> Vec<SecretString> {
    let named = |pairs: Vec<(&String, &SecretString)>| {
        let secret = pairs.into_iter().filter(|(name, _)| names_secret(name));
        // Of `Bearer xyz`, the second word alone is a secret too.
        secret
            .flat_map(|(_, value)| {
                let whole = value.expose_secret();
                [Some(whole), whole.split_once(' ').map(|(_, credentials)| credentials)]
            })
            .flatten()
            .filter(|value| value.len() >= SHORTEST_SECRET)
            .map(SecretString::from)
            .collect()
    };
    match system {
        System::Stdio { env, .. } => named(env.iter().collect()),
        System::Http { additions, .. } | System::OpenApi { additions, .. } => {
            let all = additions.headers.iter().chain(&additions.query);
            named(all.map(|(name, value)| (name, value)).collect())
        }
    }
}
