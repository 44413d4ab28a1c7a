//! The instructions that clients pass to their models: three sentences and an example.

use mcp_core::Registry;

use super::ToolSet;

/// Returns the instructions for a set of tools.
pub(super) fn of(set: &ToolSet, registry: &Registry) -> String {
    if *set == ToolSet::Lean {
        return r#"This server keeps shared memory (users, tasks, configuration, a log) and reads GitHub, Figma and web pages. Call the tool query with an action's name and its params; the action help finds actions by what you want to do. Ask only for the fields you need, and pass "next" of a response as cursor to continue a list. Example: {"action":"list_tasks","params":{"status":"pending"},"fields":"id,title"}"#.into();
    }
    let of_set =
        || registry.actions().iter().filter(|action| set.contains(action.doc.group.name()));
    let examples =
        || of_set().filter_map(|action| Some((&action.name, action.doc.example?.params)));
    let shown = examples().find(|(_, params)| *params != "{}").or(examples().next());
    let example = shown.map(|(name, params)| format!("{name} {params}"));
    format!(
        "This server keeps shared memory (users, tasks, configuration, a log) and reads GitHub, Figma and \
         web pages. Each tool is one action; leave out optional arguments that you do not need. An error \
         names the wrong argument and shows the tool's signature. Example: {}",
        example.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use mcp_core::actions;

    use super::*;

    #[test]
    fn there_are_three_sentences_and_an_example_of_the_set() {
        let registry = Registry::builder().with(actions::register).build().expect("a registry");
        for (set, example) in
            [("lean", "list_tasks"), ("all", "help {"), ("config", "get_config {")]
        {
            let set = ToolSet::parse(set).expect("a set");
            let text = of(&set, &registry);
            let (sentences, shown) = text.split_once(" Example: ").expect("an example");
            assert_eq!(sentences.matches('.').count(), 3, "{text}");
            assert!(shown.contains(example), "{text}");
        }
    }
}
