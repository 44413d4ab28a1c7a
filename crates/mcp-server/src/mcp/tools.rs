//! The tools that clients are shown, made of the registry: once, when the face is built.

use std::sync::Arc;

use mcp_core::action::{Action, Shape};
use mcp_core::{Effect, Registry};
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::{ToolSet, lean, schemas};

/// The member under which an answer stands that is no object.
pub(super) const RESULT: &str = "result";

/// Every tool there is.
pub(super) struct Tools {
    query: Tool,
    /// In the order of the registry's groups, and in each in the order of registration.
    of_actions: Vec<Tool>,
}

impl Tools {
    pub(super) fn new(registry: &Registry) -> Self {
        Self { query: lean::tool(), of_actions: ordered(registry).map(tool).collect() }
    }

    /// The tools of a set, always in the same order.
    pub(super) fn of(&self, set: &ToolSet, registry: &Registry) -> Vec<Tool> {
        if *set == ToolSet::Lean {
            return vec![self.query.clone()];
        }
        let tools = ordered(registry).zip(&self.of_actions);
        tools
            .filter(|(action, _)| set.contains(action.doc.group.name()))
            .map(|(_, tool)| tool.clone())
            .collect()
    }

    /// The tool of that name, in whichever set it is.
    pub(super) fn named(&self, name: &str) -> Option<&Tool> {
        std::iter::once(&self.query).chain(&self.of_actions).find(|tool| tool.name == name)
    }
}

pub(super) fn ordered(registry: &Registry) -> impl Iterator<Item = &Action> {
    let mut actions: Vec<&Action> = registry.actions().iter().collect();
    actions.sort_by_key(|action| action.doc.group);
    actions.into_iter()
}

fn tool(action: &Action) -> Tool {
    let read_only = action.effect == Effect::Read;
    let annotations = ToolAnnotations::new()
        .read_only(read_only)
        .destructive(!read_only && !action.doc.additive)
        .idempotent(read_only || action.doc.idempotent)
        .open_world(action.remote);
    let mut tool =
        Tool::new(action.name, action.doc.summary, schemas::of_arguments(&action.params_schema));
    tool.title = Some(action.title());
    tool.output_schema = output_schema(action);
    tool.with_annotations(annotations)
}

/// What the structured content looks like; none where there is none.
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

/// Whether an answer stands under [`RESULT`], because it may be no object.
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
