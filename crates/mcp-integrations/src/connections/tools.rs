//! The tools of a connection as actions.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use mcp_core::action::params::ParamsText;
use mcp_core::action::{Action, Group, RemoteRun, View};
use mcp_core::{Doc, Progress};
use serde_json::Value;

use super::definition::Definition;
use super::name::{action_name, full_name};
use super::settings::ConnectionSettings;
use super::text::plain;

/// The characters of a summary in a list of actions.
const SUMMARY_LENGTH: usize = 160;
/// The characters of a tool's description.
const DESCRIPTION_LENGTH: usize = 1500;
/// The characters of a parameter's description.
const PARAMETER_LENGTH: usize = 400;

/// The digest of each trusted definition, by the tool's name.
pub(crate) type Pins = BTreeMap<String, String>;

/// The tools of a connection.
#[derive(Default)]
pub(crate) struct Tools {
    /// Whether each tool is held, by its original name.
    held: HashMap<String, bool>,
    /// The tools that only read, by their original names.
    reading: HashSet<String>,
    /// The action of each tool that is not held.
    pub(crate) actions: Vec<Arc<Action>>,
    /// The names that the actions of held tools would have.
    pub(crate) held_actions: HashSet<String>,
    /// The digests of all definitions.
    pub(crate) pins: Pins,
    /// The tokens of the actions' definitions, once counted.
    pub(crate) tokens: OnceLock<usize>,
}

/// Whether a tool can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Allowed,
    Held,
    Gone,
}

/// Runs a call of a tool, by its original name.
pub(crate) type RunTool = Arc<dyn Fn(Arc<str>, ParamsText, Progress) -> RemoteRun + Send + Sync>;

impl Tools {
    /// Makes actions of definitions. Those that differ from the trusted ones are held if `pins` are
    /// given.
    pub(crate) fn new(
        connection: &str,
        settings: &ConnectionSettings,
        definitions: Vec<Definition>,
        pins: Option<&Pins>,
        run: &RunTool,
    ) -> Self {
        let prefix = settings.prefix.as_deref().unwrap_or(connection);
        let words = format!("{connection} {}", settings.description);
        let group = Group::owned(connection.to_owned(), words);
        let mut tools = Self::default();
        let is_admitted = |definition: &Definition| {
            settings.tools.admit(&definition.name) && (definition.read_only || !settings.read_only)
        };
        let definitions: Vec<Definition> = definitions.into_iter().filter(is_admitted).collect();
        let mut full_names: HashMap<String, usize> = HashMap::new();
        for definition in &definitions {
            *full_names.entry(full_name(prefix, &definition.name)).or_default() += 1;
        }
        let mut names = HashSet::new();
        for definition in definitions {
            if tools.held.contains_key(&definition.name) {
                continue;
            }
            // Tools that share a name all get a hash, whatever their order is.
            let is_taken =
                |name: &str| names.contains(name) || full_names.get(name).is_some_and(|it| *it > 1);
            let name = action_name(prefix, &definition.name, is_taken);
            names.insert(name.clone());
            let digest = definition.digest();
            let is_held = pins.is_some_and(|pins| pins.get(&definition.name) != Some(&digest));
            tools.held.insert(definition.name.clone(), is_held);
            if definition.read_only {
                tools.reading.insert(definition.name.clone());
            }
            tools.pins.insert(definition.name.clone(), digest);
            if is_held {
                tools.held_actions.insert(name);
            } else {
                tools.actions.push(Arc::new(action(name, group.clone(), definition, run)));
            }
        }
        tools
    }

    /// Returns whether a tool can be called, by its original name.
    pub(crate) fn usable(&self, tool: &str) -> Use {
        match self.held.get(tool) {
            None => Use::Gone,
            Some(false) => Use::Allowed,
            Some(true) => Use::Held,
        }
    }

    /// Returns whether a tool only reads.
    pub(crate) fn reads(&self, tool: &str) -> bool {
        self.reading.contains(tool)
    }

    /// Returns the number of tools, held ones included.
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }
}

fn action(name: String, group: Group, definition: Definition, run: &RunTool) -> Action {
    let effect = definition.effect();
    let Definition { name: tool, title, description, mut params, additive, idempotent, .. } =
        definition;
    let description = plain(&description, DESCRIPTION_LENGTH);
    let summary = match first_sentence(&description) {
        "" => tool.clone(),
        sentence => plain(sentence, SUMMARY_LENGTH),
    };
    let title = title.map_or_else(|| tool.clone(), |title| plain(&title, SUMMARY_LENGTH));
    let mut doc = Doc::without_example(group, summary).title(title).view(View::OPEN);
    doc.details = (!description.is_empty()).then_some(description);
    doc.additive = additive;
    doc.idempotent = idempotent;
    clean(&mut params);
    let (run, tool): (_, Arc<str>) = (Arc::clone(run), tool.into());
    Action::at_run_time(name, effect, doc, params, move |params, progress| {
        run(Arc::clone(&tool), params, progress)
    })
}

/// Returns the first sentence of a text.
fn first_sentence(text: &str) -> &str {
    let end = text.match_indices(". ").map(|(at, _)| at).find(|at| *at >= 20);
    &text[..end.unwrap_or(text.len())]
}

/// Makes a schema one of an object, and its descriptions plain.
fn clean(schema: &mut Value) {
    if !schema.is_object() {
        *schema = Value::Object(serde_json::Map::new());
    }
    schema["type"] = "object".into();
    clean_texts(schema);
}

fn clean_texts(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == "description" || name == "title" => {
                        *text = plain(text, PARAMETER_LENGTH);
                    }
                    value => clean_texts(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(clean_texts),
        _ => {}
    }
}
