//! The connections file from text to settings.

mod clients;
mod documents;
mod hash;
mod refusals;
mod variables;

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::{ConnectionFile, FileError, parse};
use crate::connections::settings::Entry;

/// The value of every secret in these tests.
const SECRET: &str = "hunter2-hunter2";

/// The environment of these tests.
fn variable(name: &str) -> Option<String> {
    let value = match name {
        "HOME" => "/home/ada",
        "TOKEN" | "OTHER_TOKEN" => SECRET,
        "EMPTY" => "",
        "PORT" => "8080",
        "SECONDS" => "2.5",
        "LINE_TOKEN" => "hunter2-hunter2\n",
        _ => return None,
    };
    Some(value.to_owned())
}

fn json(text: &str) -> Result<ConnectionFile, FileError> {
    parse(text, Path::new("/etc/mcp/connections.json"), &variable)
}

/// Reads a file with one connection.
fn one(members: &str) -> (Entry, Vec<String>) {
    let mut file = json(&format!(r#"{{"mcpServers": {{"it": {members}}}}}"#)).expect("a file");
    (file.entries.remove(0), file.warnings)
}

fn exposed<'a>(
    pairs: impl IntoIterator<Item = (&'a String, &'a SecretString)>,
) -> Vec<(&'a str, &'a str)> {
    pairs.into_iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect()
}
