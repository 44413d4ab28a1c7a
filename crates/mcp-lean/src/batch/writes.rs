//! Whether a query writes: itself, or by a step of its batch.

use serde_json::value::RawValue;

use super::Batch;
use crate::LeanQuery;
use mcp_core::action::CompoundAction;
use mcp_core::json::RawObject;
use mcp_core::{Effect, Registry};

/// Returns the name of the action that writes in a query: that of the query, or of the first such step of a
/// batch. Returns `None` if the query only reads, or if it will be rejected: its action is unknown, or its
/// steps are malformed.
#[must_use]
pub fn writing_action(query: &LeanQuery, registry: &Registry) -> Option<String> {
    let action = registry.find(&query.action).ok()?;
    if &*action.name != Batch::NAME {
        return (action.effect == Effect::Write).then(|| action.name.to_string());
    }
    let query = query.for_action(action).ok()?;
    let lists = members(query.params.get(), "steps").into_iter();
    let steps = lists.filter_map(|list| serde_json::from_str::<Vec<&RawValue>>(list.get()).ok());
    let actions = steps.flatten().flat_map(|step| members(step.get(), "action"));
    let names = actions.filter_map(|name| serde_json::from_str::<String>(name.get()).ok());
    // A compound action cannot be a step: the batch is rejected before anything runs.
    let is_write = |name: &String| {
        registry.find(name).is_ok_and(|action| action.effect == Effect::Write && !action.compound)
    };
    names.into_iter().find(is_write)
}

/// Returns the members of this name. Everything else stays unread: a batch may accept what a reader of
/// whole values rejects, such as deep nesting.
fn members<'a>(object: &'a str, name: &str) -> Vec<&'a RawValue> {
    let members = RawObject::parse(object).map(|object| object.members).unwrap_or_default();
    members.into_iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect()
}
