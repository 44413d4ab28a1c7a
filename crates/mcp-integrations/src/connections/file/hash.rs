//! The hash of a connection's settings.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::connections::settings::{
    Additions, ConnectionSettings, DocumentLocation, OnChange, System,
};

/// Changes when settings are hashed in another way.
const VERSION: &str = "connection 1";

/// Returns the SHA-256 of settings in hexadecimal.
pub(super) fn of_settings(settings: &ConnectionSettings) -> String {
    // Without `..`, so that a new setting is not forgotten.
    let ConnectionSettings {
        system,
        prefix,
        description,
        tools,
        read_only,
        timeout,
        idle_timeout,
        concurrency,
        on_change,
        disabled,
    } = settings;
    let mut fields = Fields::new("settings");
    fields.system(system);
    fields.text(prefix.as_deref().unwrap_or_default());
    fields.text(description);
    let (allow, deny) = tools.lists();
    fields.flag(allow.is_some());
    fields.texts(allow.unwrap_or_default());
    fields.texts(deny);
    fields.flag(*read_only);
    fields.duration(*timeout);
    fields.duration(*idle_timeout);
    fields.number(*concurrency);
    fields.flag(*on_change == OnChange::Hold);
    fields.flag(*disabled);
    fields.finish()
}

/// Returns the SHA-256 of a connection that cannot be used: its members and the reason.
pub(super) fn of_failure(value: &Value, reason: &str) -> String {
    let mut fields = Fields::new("failure");
    fields.text(reason);
    fields.value(value);
    fields.finish()
}

/// Returns the SHA-256 of a text.
pub(super) fn of_text(text: &str) -> String {
    let mut fields = Fields::new("text");
    fields.text(text);
    fields.finish()
}

/// Hashes fields, each with its length, so that two lists of fields differ.
struct Fields(Sha256);

impl Fields {
    fn new(kind: &str) -> Self {
        let mut fields = Self(Sha256::new());
        fields.text(VERSION);
        fields.text(kind);
        fields
    }

    fn number(&mut self, number: usize) {
        self.0.update((number as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.update(text);
    }

    fn texts(&mut self, texts: &[String]) {
        self.number(texts.len());
        for text in texts {
            self.text(text);
        }
    }

    fn flag(&mut self, flag: bool) {
        self.number(usize::from(flag));
    }

    fn duration(&mut self, duration: Duration) {
        self.0.update(duration.as_nanos().to_le_bytes());
    }

    fn pairs<'a>(&mut self, pairs: impl ExactSizeIterator<Item = (&'a String, &'a SecretString)>) {
        self.number(pairs.len());
        for (name, value) in pairs {
            self.text(name);
            self.text(value.expose_secret());
        }
    }

    fn additions(&mut self, Additions { headers, query }: &Additions) {
        self.pairs(headers.iter().map(|(name, value)| (name, value)));
        self.pairs(query.iter().map(|(name, value)| (name, value)));
    }

    fn system(&mut self, system: &System) {
        match system {
            System::Stdio { command, args, env, cwd } => {
                self.text("stdio");
                self.text(command);
                self.texts(args);
                self.pairs(env.iter());
                self.text(&cwd.to_string_lossy());
            }
            System::Http { url, additions } => {
                self.text("http");
                self.text(url.as_str());
                self.additions(additions);
            }
            System::OpenApi { document, base_url, additions } => {
                self.text("openapi");
                match document {
                    DocumentLocation::File(path) => {
                        self.text("file");
                        self.text(&path.to_string_lossy());
                    }
                    DocumentLocation::Url(url) => {
                        self.text("url");
                        self.text(url.as_str());
                    }
                }
                self.text(base_url.as_ref().map_or("", |url| url.as_str()));
                self.additions(additions);
            }
        }
    }

    /// Adds a value, with the members of objects in the order of their names.
    fn value(&mut self, value: &Value) {
        match value {
            Value::Array(items) => {
                self.text("array");
                self.number(items.len());
                for item in items {
                    self.value(item);
                }
            }
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by_key(|(name, _)| *name);
                self.text("object");
                self.number(members.len());
                for (name, member) in members {
                    self.text(name);
                    self.value(member);
                }
            }
            plain => self.text(&plain.to_string()),
        }
    }

    fn finish(self) -> String {
        format!("{:x}", self.0.finalize())
    }
}
