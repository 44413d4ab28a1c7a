//! Builds the tools from the registry, which changes while the server runs.

use std::sync::{Arc, Weak};

use mcp_core::action::{Action, Shape};
use mcp_core::{Effect, Registry};
use parking_lot::Mutex;
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::query_tool::LeanTool;
use super::{ToolSet, query_tool, schemas};

/// The member that wraps an output that may not be an object.
pub(super) const RESULT: &str = "result";

/// The tools of all sets.
pub(super) struct Tools {
    lean: [Tool; 2],
    /// The tools of the actions of a registry, built when a client first asks for them.
    of_actions: Mutex<Option<OfRegistry>>,
}

/// The tools of a registry, which may be replaced.
type OfRegistry = (Weak<Registry>, Arc<Vec<Tool>>);

impl Default for Tools {
    fn default() -> Self {
        Self { lean: query_tool::tools(), of_actions: Mutex::default() }
    }
}

impl Tools {
    /// Returns the tools of a set, always in the same order.
    pub(super) fn of(&self, set: &ToolSet, registry: &Arc<Registry>) -> Vec<Tool> {
        if *set == ToolSet::Lean {
            return self.lean.to_vec();
        }
        let all = self.of_actions(registry);
        let tools = ordered(registry).zip(&*all);
        tools
            .filter(|(action, _)| set.contains(action.doc.group.name()))
            .map(|(_, tool)| tool.clone())
            .collect()
    }

    /// Returns the tool with this name, of any set.
    pub(super) fn named(&self, name: &str, registry: &Registry) -> Option<Tool> {
        match LeanTool::named(name) {
            Some(_) => self.lean.iter().find(|tool| tool.name == name).cloned(),
            None => registry.catalogue().find(name).map(tool),
        }
    }

    /// Returns the tools of all actions, ordered by group, then by registration.
    fn of_actions(&self, registry: &Arc<Registry>) -> Arc<Vec<Tool>> {
        let mut built = self.of_actions.lock();
        if let Some((of, tools)) = &*built
            && of.as_ptr() == Arc::as_ptr(registry)
        {
            return Arc::clone(tools);
        }
        let tools = Arc::new(ordered(registry).map(tool).collect());
        *built = Some((Arc::downgrade(registry), Arc::clone(&tools)));
        tools
    }
}

pub(super) fn ordered(registry: &Registry) -> impl Iterator<Item = &Action> {
    let mut actions: Vec<&Action> = registry.actions().iter().map(|action| &**action).collect();
    let groups = registry.groups();
    actions.sort_by_key(|action| groups.iter().position(|group| **group == action.doc.group));
    actions.into_iter()
}

fn tool(action: &Action) -> Tool {
    let read_only = action.effect == Effect::Read;
    let annotations = ToolAnnotations::new()
        .read_only(read_only)
        .destructive(!read_only && !action.doc.additive)
        .idempotent(read_only || action.doc.idempotent)
        .open_world(action.remote);
    let mut tool = Tool::new(
        action.name.to_string(),
        action.doc.details.clone().map_or_else(|| action.doc.summary.clone(), Into::into),
        schemas::of_arguments(&action.params_schema),
    );
    tool.title = Some(action.title());
    tool.output_schema = output_schema(action);
    tool.with_annotations(annotations)
}

/// Returns the schema of the structured content; `None` if the tool returns none.
fn output_schema(action: &Action) -> Option<Arc<JsonObject>> {
    let mut schema = action.output_schema.clone();
    match action.doc.view.shape {
        Shape::Contents => return None,
        Shape::Picture { base64, .. } => without_member(&mut schema, base64),
        _ if is_wrapped(action) => {
            schema = json!({
                "type": "object",
                "properties": { RESULT: schema },
                "required": [RESULT],
            });
        }
        _ => {}
    }
    Some(Arc::new(schemas::of_results(&schema)))
}

/// Returns whether [`RESULT`] wraps the output, because it may not be an object.
pub(super) fn is_wrapped(action: &Action) -> bool {
    action.output_schema.get("type") != Some(&Value::from("object"))
}

fn without_member(schema: &mut Value, name: &str) {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.shift_remove(name);
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|known| known != name);
    }
}
