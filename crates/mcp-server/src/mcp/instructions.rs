//! The instructions that clients pass to their models: what the server has, and how to call it.

use mcp_core::Registry;
use mcp_core::action::Group;

use super::ToolSet;

/// The groups that are listed; the rest is a number.
const LISTED: usize = 12;

/// Returns the instructions for a set of tools.
pub(super) fn of(set: &ToolSet, registry: &Registry) -> String {
    let groups = groups(set, registry);
    if *set == ToolSet::Lean {
        return format!(
            "Actions: {groups}. Call those that read with query, others with change. The action help \
             finds actions by what you want to do. Name the fields you need; pass \"next\" as cursor. \
             Example: {{\"action\":\"list_tasks\",\"fields\":\"id,title\"}}"
        );
    }
    let of_set =
        || registry.actions().iter().filter(|action| set.contains(action.doc.group.name()));
    let examples =
        || of_set().filter_map(|action| Some((&action.name, action.doc.example?.params)));
    let shown = examples().find(|(_, params)| *params != "{}").or(examples().next());
    let example = shown.map(|(name, params)| format!(" Example: {name} {params}"));
    format!(
        "Each tool is one action: {groups}. Leave out optional arguments that you do not need. An error \
         names the wrong argument and shows the tool's signature.{}",
        example.unwrap_or_default()
    )
}

/// Returns the groups and connections of a set with their numbers of actions, the largest first if there
/// are many: `users 4, tasks 5 and 3 more groups`.
pub(crate) fn groups(set: &ToolSet, registry: &Registry) -> String {
    let is_of_set = |group: &&Group| *set == ToolSet::Lean || set.contains(group.name());
    let groups = registry.groups().into_iter().filter(is_of_set);
    let count = |group: &Group| {
        registry.actions().iter().filter(|it| it.doc.group.name() == group.name()).count()
    };
    let mut groups: Vec<(usize, &str)> = groups.map(|group| (count(group), group.name())).collect();
    let more = groups.len().saturating_sub(LISTED);
    if more > 0 {
        groups.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        groups.truncate(LISTED);
    }
    let listed = groups.iter().map(|(count, name)| format!("{name} {count}")).collect::<Vec<_>>();
    let rest = if more > 0 { format!(" and {more} more groups") } else { String::new() };
    listed.join(", ") + &rest
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mcp_core::action::{Action, RemoteText};
    use mcp_core::{Doc, Effect, actions};
    use serde_json::json;

    use super::*;

    #[test]
    fn groups_and_an_example_of_the_set_are_named() {
        let registry = Registry::builder().with(actions::register).build().expect("a registry");
        for (set, example) in
            [("lean", "list_tasks"), ("all", "help {"), ("config", "get_config {")]
        {
            let set = ToolSet::parse(set).expect("a set");
            let text = of(&set, &registry);
            let (_, shown) = text.split_once(" Example: ").expect("an example");
            assert!(shown.contains(example) && text.contains("config 2"), "{text}");
        }
    }

    #[test]
    fn many_connections_make_it_no_longer_than_120_tokens() {
        let registry = Registry::builder().with(actions::register).build().expect("a registry");
        let action = |number: usize| {
            let group = Group::owned(format!("connection-{number}"), String::new());
            let doc = Doc::without_example(group, "Use a tool");
            let name = format!("connection-{number}__tool");
            let params = json!({"type": "object"});
            Arc::new(Action::at_run_time(name, Effect::Read, doc, params, |_, _| {
                Box::pin(async { Ok(RemoteText { text: "1".into(), has_more: false }) })
            }))
        };
        let connected: Vec<_> = (0..100).map(action).collect();
        let registry = registry.with_more(&connected).expect("a registry");
        let text = of(&ToolSet::Lean, &registry);
        let tokens = bpe_openai::o200k_base().count(&text);
        assert!(tokens <= 120, "{tokens}: {text}");
        assert!(text.contains("more groups"), "{text}");
    }
}
