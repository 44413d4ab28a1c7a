//! Redacts secrets: values under keys that name a secret, and the configured secrets anywhere.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use serde_json::{Map, Value};

use crate::error::ActionError;
use crate::json;

/// The replacement of a secret.
const HIDDEN: &str = "[redacted]";

/// The shortest secret that is searched for in texts; ordinary words contain shorter ones.
const SHORTEST: usize = 6;

/// Words in a key that names a secret: lower case, without separators.
const SECRET_WORDS: [&str; 20] = [
    "token",
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "apikey",
    "authorization",
    "authentication",
    "credential",
    "privatekey",
    "accesskey",
    "signingkey",
    "encryptionkey",
    "sshkey",
    "cookie",
    "bearer",
    "sessionid",
    "jwt",
];

/// Parts of these words that contain no separator. A text without any of them has no secret key.
const SUSPICIOUS: [&str; 12] = [
    "token",
    "pass",
    "pwd",
    "secret",
    "key",
    "author",
    "authent",
    "credential",
    "cookie",
    "bearer",
    "session",
    "jwt",
];

/// The characters of the longest part.
const LONGEST_WORD: usize = 10;

/// The longest text that is parsed to redact its beginning: parsed values may take a hundred times as
/// much memory. The parts of a list are shorter.
const JUDGED_BYTES: usize = 512 * 1024;

/// Redacts secrets.
#[derive(Debug)]
pub struct Redactor {
    secrets: Vec<String>,
    suspicious: AhoCorasick,
}

impl Redactor {
    /// Makes a redactor of the configured secrets. Those of fewer than 6 bytes are hidden only under
    /// keys that name a secret.
    ///
    /// # Panics
    /// Never: the patterns are fixed.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<String> =
            secrets.into_iter().filter(|secret| secret.len() >= SHORTEST).collect();
        // The longest first: a secret may contain another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let suspicious = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(SUSPICIOUS)
            .expect("a dozen short patterns");
        Self { secrets, suspicious }
    }

    /// Redacts JSON text. A text that cannot contain secrets is returned as it is.
    #[must_use]
    pub fn json<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.is_suspicious(text) {
            return text.into();
        }
        match serde_json::from_str::<Value>(text) {
            Ok(value) => self.value(value).to_string().into(),
            // The text is not JSON, or it is nested too deep.
            Err(_) => format!("\"{HIDDEN}\"").into(),
        }
    }

    /// Returns the beginning of [`Redactor::json`]. A long text that may contain secrets is replaced by
    /// its size.
    pub(super) fn json_beginning(&self, text: &str, characters: usize) -> String {
        // A secret may cross the end of the beginning.
        let longest = self.secrets.iter().map(String::len).max().unwrap_or(0).max(LONGEST_WORD);
        let beginning = &text[..end_of(text, characters)];
        let searched = &text[..end_of(text, characters + longest)];
        // The name of a `value` may follow it.
        if self.is_suspicious(searched) || beginning.contains("\"value\"") {
            if text.len() > JUDGED_BYTES {
                return format!("{{\"omitted\":\"{} bytes of a result\"}}", text.len());
            }
            let clean = self.json(text);
            return clean[..end_of(&clean, characters)].to_owned();
        }
        beginning.to_owned()
    }

    /// Returns whether a key or string of JSON text contains a configured secret, escaped or not.
    pub(super) fn is_secret_in(&self, text: &str) -> bool {
        self.is_one_in(text)
            || (text.contains('\\')
                && !self.secrets.is_empty()
                && json::any_string(text, |text| self.is_one_in(text)))
    }

    /// Redacts the configured secrets in a text.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        let mut clean = Cow::Borrowed(text);
        for secret in &self.secrets {
            if clean.contains(secret.as_str()) {
                clean = Cow::Owned(clean.replace(secret.as_str(), HIDDEN));
            }
        }
        clean.into_owned()
    }

    /// Redacts the configured secrets in JSON text, escaped or not.
    #[must_use]
    pub fn scrub_json(&self, text: String) -> String {
        let text = if self.is_one_in(&text) { self.scrub(&text) } else { text };
        let is_clean = self.secrets.is_empty()
            || !text.contains('\\')
            || !json::any_string(&text, |text| self.is_one_in(text));
        if is_clean {
            return text;
        }
        match json::value(&text) {
            Ok(value) => self.scrub_value(value).to_string(),
            Err(_) => format!("\"{HIDDEN}\""),
        }
    }

    fn scrub_value(&self, value: Value) -> Value {
        match value {
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| (self.scrub(&name), self.scrub_value(value)))
                .collect(),
            Value::Array(items) => items.into_iter().map(|item| self.scrub_value(item)).collect(),
            Value::String(text) => self.scrub(&text).into(),
            plain => plain,
        }
    }

    fn is_one_in(&self, text: &str) -> bool {
        self.secrets.iter().any(|secret| text.contains(secret.as_str()))
    }

    /// Redacts the configured secrets in the message of an error.
    #[must_use]
    pub fn scrub_error(&self, mut error: ActionError) -> ActionError {
        error.message = self.scrub(&error.message);
        error
    }

    fn is_suspicious(&self, text: &str) -> bool {
        // An escape can hide a word.
        text.contains('\\') || self.suspicious.is_match(text) || self.is_one_in(text)
    }

    fn value(&self, value: Value) -> Value {
        match value {
            Value::Object(members) => Value::Object(self.object(members)),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::String(text) => Value::String(self.scrub(&text)),
            plain => plain,
        }
    }

    fn object(&self, members: Map<String, Value>) -> Map<String, Value> {
        // `{"key": "github_token", "value": …}` names a secret like `{"github_token": …}`.
        let names_secret = ["key", "name"]
            .iter()
            .any(|member| members.get(*member).and_then(Value::as_str).is_some_and(is_secret));
        members
            .into_iter()
            .map(|(key, value)| {
                let hide = is_secret(&key) || (names_secret && key == "value");
                let value =
                    if hide && !value.is_null() { HIDDEN.into() } else { self.value(value) };
                (self.scrub(&key), value)
            })
            .collect()
    }
}

/// Returns whether a key names a secret: `token`, `githubToken`, `X-API-Key`, `client_secret`, …
fn is_secret(key: &str) -> bool {
    let plain: String =
        key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    // The tokens of a language model.
    plain != "maxtokens" && SECRET_WORDS.iter().any(|word| plain.contains(word))
}

/// Returns the byte offset after this many characters.
pub(super) fn end_of(text: &str, characters: usize) -> usize {
    // Short and ASCII texts need no count.
    match text.as_bytes().get(..characters) {
        None => text.len(),
        Some(beginning) if beginning.is_ascii() => characters,
        Some(_) => text.char_indices().nth(characters).map_or(text.len(), |(end, _)| end),
    }
}

#[cfg(test)]
mod tests;
