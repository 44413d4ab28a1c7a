//! The environment variables that the file needs.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::connections::file::variables::is_variable_name;

/// The variables of the file that is made.
#[derive(Default)]
pub(super) struct Variables(BTreeMap<String, Variable>);

struct Variable {
    /// The value that it had in a client's file. A reference has none.
    value: Option<SecretString>,
    uses: Vec<String>,
}

impl Variables {
    /// Returns each variable with its uses.
    pub(super) fn uses(self) -> impl Iterator<Item = (String, Vec<String>)> {
        self.0.into_iter().map(|(name, variable)| (name, variable.uses))
    }

    /// Returns a reference to a variable for a value: one of the wanted names, or a numbered one if other
    /// values have them.
    pub(super) fn take(&mut self, wanted: [&str; 2], value: &str, user: &str) -> String {
        let numbered = (2..).map(|number| format!("{}_{number}", wanted[1]));
        let mut names = wanted.into_iter().map(str::to_owned).chain(numbered);
        let is_free = |name: &String| {
            self.0.get(name).is_none_or(|variable| {
                variable.value.as_ref().is_some_and(|other| other.expose_secret() == value)
            })
        };
        let name = names.find(is_free).expect("numbers do not end");
        self.uses_of(&name, Some(value)).push(user.to_owned());
        format!("${{{name}}}")
    }

    /// Takes note of the variables that a value refers to without a default.
    pub(super) fn refer(&mut self, user: &str, value: &Value) {
        match value {
            Value::String(text) => {
                for (start, _) in text.match_indices("${") {
                    let after = text[start + 2..].split_once('}');
                    let name = after.map_or("", |(name, _)| name);
                    if is_variable_name(name) && name != "HOME" {
                        self.uses_of(name, None).push(user.to_owned());
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.refer(user, item)),
            Value::Object(members) => {
                members.values().for_each(|member| self.refer(user, member));
            }
            _ => {}
        }
    }

    fn uses_of(&mut self, name: &str, value: Option<&str>) -> &mut Vec<String> {
        let new = || Variable { value: value.map(SecretString::from), uses: Vec::new() };
        &mut self.0.entry(name.to_owned()).or_insert_with(new).uses
    }
}
