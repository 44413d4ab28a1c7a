//! Keeps secrets out of logs: values under keys that name a secret, and the configured secrets
//! themselves wherever they stand.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use serde_json::{Map, Value};

use crate::error::ActionError;
use crate::json;

/// What stands in place of a secret.
pub const HIDDEN: &str = "[redacted]";

/// A secret shorter than this is not searched for in texts: it would be found in ordinary words.
pub const SHORTEST_SEARCHED: usize = 6;

/// What a key holds when it names a secret, in lower case and without separators.
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

/// What a text holds at least once when a key in it could name a secret: the words above, each
/// reduced to a part that separators cannot stand in.
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

/// How many characters the longest of these words has.
const LONGEST_WORD: usize = 10;

/// How long a text may be to be read whole for the sake of its beginning: as values it may take a
/// hundred times as much memory. The parts of a list are shorter.
const JUDGED_BYTES: usize = 512 * 1024;

/// Hides secrets.
#[derive(Debug)]
pub struct Redactor {
    secrets: Vec<String>,
    suspicious: AhoCorasick,
}

impl Redactor {
    /// One that knows the configured secrets. Those under [`SHORTEST_SEARCHED`] bytes are only
    /// hidden under keys that name a secret.
    ///
    /// # Panics
    /// Never: the patterns are plain texts of bounded size.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<String> =
            secrets.into_iter().filter(|secret| secret.len() >= SHORTEST_SEARCHED).collect();
        // A secret that holds another is hidden whole.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let suspicious = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(SUSPICIOUS)
            .expect("a dozen short patterns");
        Self { secrets, suspicious }
    }

    /// JSON text without secrets. Text in which there can be none is given back as it is.
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

    /// The beginning of [`Redactor::json`], so many characters of it. Of a long text without secrets
    /// no more than that is looked at; one that may hold some, and is too long to be read for that, is
    /// left out.
    #[must_use]
    pub fn json_beginning(&self, text: &str, characters: usize) -> String {
        // A secret that begins in the beginning may end behind it.
        let longest = self.secrets.iter().map(String::len).max().unwrap_or(0).max(LONGEST_WORD);
        let beginning = &text[..end_of(text, characters)];
        let looked_at = &text[..end_of(text, characters + longest)];
        // What a `value` is may be said by a name behind it.
        if self.is_suspicious(looked_at) || beginning.contains("\"value\"") {
            if text.len() > JUDGED_BYTES {
                return format!("{{\"omitted\":\"{} bytes of a result\"}}", text.len());
            }
            let clean = self.json(text);
            return clean[..end_of(&clean, characters)].to_owned();
        }
        beginning.to_owned()
    }

    /// Whether JSON text holds a configured secret in a key or a text, escaped or not.
    #[must_use]
    pub fn is_secret_in(&self, text: &str) -> bool {
        self.is_one_in(text)
            || (text.contains('\\')
                && !self.secrets.is_empty()
                && json::any_string(text, |text| self.is_one_in(text)))
    }

    /// A text without the configured secrets.
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

    /// JSON text, which most often holds none, without the configured secrets, escaped or not.
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

    /// Whether a configured secret is in the text as it stands.
    fn is_one_in(&self, text: &str) -> bool {
        self.secrets.iter().any(|secret| text.contains(secret.as_str()))
    }

    /// The error with a public message without the configured secrets.
    #[must_use]
    pub fn scrub_error(&self, mut error: ActionError) -> ActionError {
        error.message = self.scrub(&error.message);
        error
    }

    fn is_suspicious(&self, text: &str) -> bool {
        // An escape can hide a word: such a text is read before it is judged.
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
        // `{"key": "github_token", "value": …}` names a secret as plainly as `{"github_token": …}`.
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

/// Whether a key names a secret: `token`, `githubToken`, `X-API-Key`, `client_secret`, …
fn is_secret(key: &str) -> bool {
    let plain: String =
        key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    // How many of those that models read.
    plain != "maxtokens" && SECRET_WORDS.iter().any(|word| plain.contains(word))
}

/// Where so many characters of a text end.
pub(super) fn end_of(text: &str, characters: usize) -> usize {
    // Most texts are short, or ASCII there, of which nothing need be counted.
    match text.as_bytes().get(..characters) {
        None => text.len(),
        Some(beginning) if beginning.is_ascii() => characters,
        Some(_) => text.char_indices().nth(characters).map_or(text.len(), |(end, _)| end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        Redactor::new(["s3cret-of-the-server".to_owned(), "t".to_owned()])
    }

    #[test]
    fn values_under_secret_keys_are_hidden_at_any_depth() {
        for key in [
            "token",
            "password",
            "api_key",
            "apiKey",
            "API-KEY",
            "authorization",
            "secret",
            "client_secret",
            "githubToken",
            "x-api-key",
            "Private Key",
            "user_password",
            "credentials",
            "set-cookie",
            "aws_access_key_id",
        ] {
            let text = serde_json::json!({"a": [{key: {"deep": "hunter2"}}]}).to_string();
            let clean = redactor().json(&text);
            assert!(!clean.contains("hunter2") && clean.contains(HIDDEN), "{key}: {clean}");
        }
    }

    #[test]
    fn a_number_of_tokens_is_no_secret() {
        assert_eq!(redactor().json(r#"{"max_tokens":77}"#), r#"{"max_tokens":77}"#);
    }

    #[test]
    fn a_key_that_is_escaped_is_seen() {
        assert!(!redactor().json(r#"{"p\u0061ssword":"hunter2"}"#).contains("hunter2"));
    }

    #[test]
    fn a_value_whose_name_is_beside_it_is_hidden() {
        let clean = redactor().json(r#"{"key":"github_token","value":"ghp_1"}"#);
        assert_eq!(clean, r#"{"key":"github_token","value":"[redacted]"}"#);
        let plain = r#"{"key":"app_name","value":"x"}"#;
        assert_eq!(redactor().json(plain), plain);
    }

    #[test]
    fn what_another_system_says_back_is_hidden_however_it_is_written() {
        let text = r#"{"a":"\u00733cret-of-the-server","s3cret-of-the\u002dserver":"b\n\u0063"}"#;
        let clean = redactor().scrub_json(text.to_owned());
        assert_eq!(clean, r#"{"a":"[redacted]","[redacted]":"b\nc"}"#);
        assert_eq!(redactor().scrub_json(clean.clone()), clean);
    }

    #[test]
    fn a_long_result_is_not_read_for_its_beginning() {
        let long = |first: &str| format!("[{first:?},{:?}]", "x".repeat(JUDGED_BYTES));
        assert!(redactor().json_beginning(&long("plain"), 9).starts_with("[\"plain\","));
        let omitted = redactor().json_beginning(&long("a token"), 9);
        assert_eq!(omitted, r#"{"omitted":"524302 bytes of a result"}"#);
        assert!(redactor().json_beginning(r#"["a token"]"#, 9).starts_with("[\"a token"));
    }

    #[test]
    fn configured_secrets_are_hidden_wherever_they_stand() {
        let clean =
            redactor().json(r#"{"title":"is s3cret-of-the-server","s3cret-of-the-server":1}"#);
        assert_eq!(clean, r#"{"title":"is [redacted]","[redacted]":1}"#);
        assert_eq!(
            redactor().scrub("Unknown action: s3cret-of-the-server"),
            "Unknown action: [redacted]"
        );
        assert!(!redactor().json(r#""s3cret-of-the\u002dserver""#).contains("s3cret"));
    }

    #[test]
    fn configured_secrets_are_found_escaped_or_not() {
        for text in [
            r#"{"title":"is s3cret-of-the-server"}"#,
            r#"{"a":[{"s3cret-of-the-server":1}]}"#,
            r#"{"title":"\u00733cret-of-the-server"}"#,
            r#"{"title":"\u00733cret-of-the-server","n":1e999}"#,
            r#"{"a":"\\","\u00733cret-of-the-server":"\""}"#,
        ] {
            assert!(redactor().is_secret_in(text), "{text}");
        }
        assert!(!redactor().is_secret_in(r#"{"t":"t\n"}"#), "a short one is in ordinary words");
    }

    #[test]
    fn a_beginning_is_that_of_the_whole_text_without_secrets() {
        assert_eq!(SUSPICIOUS.map(str::len).into_iter().max(), Some(LONGEST_WORD));
        for text in [
            r#"{"title":"plain","more":"ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü"}"#,
            r#"{"title":"x","a":"s3cret-of-the-server","token":"hunter2"}"#,
            r#"{"value":"hunter2","and":"much that is between","name":"github_token"}"#,
            r#"{"p\u0061ssword":"hunter2"}"#,
            "[1,2,3]",
        ] {
            for characters in 0..text.chars().count() + 3 {
                let whole: String = redactor().json(text).chars().take(characters).collect();
                assert_eq!(redactor().json_beginning(text, characters), whole, "{text}");
            }
        }
    }

    #[test]
    fn other_text_is_kept_byte_for_byte() {
        let text = r#"{ "title" : "100 %", "n": 12345678901234567890123, "x": 1.0 }"#;
        assert_eq!(redactor().json(text), text);
    }
}
