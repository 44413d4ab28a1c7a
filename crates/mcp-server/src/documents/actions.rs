//! `docs/ACTIONS.md`: every action and every error.

use std::fmt::Write as _;

use mcp_core::Registry;
use mcp_core::action::{Action, Parameter};
use mcp_core::error::ERROR_TABLE;

pub(super) fn markdown(registry: &Registry) -> String {
    let mut text = String::from(
        "# Actions\n\n\
         Generated from the registry by `scripts/generate-docs`; do not edit.\n\n\
         Every action is called with `POST /api/v1/query` and `{\"action\": …, \"params\": {…}}`, or \
         with `mcp-server query ACTION key=value …`. A parameter with `?` may be left out; `=` shows \
         what it is then.\n",
    );
    let mut group = None;
    for action in registry.actions() {
        if group != Some(&action.doc.group) {
            write!(text, "\n## {}\n", action.doc.group.name()).expect("a String takes everything");
            group = Some(&action.doc.group);
        }
        text.push_str(&section(action));
    }
    text.push_str(&errors());
    text
}

fn section(action: &Action) -> String {
    let mut text = format!(
        "\n### `{}`\n\n{}.\n\n```text\n{}\n```\n",
        action.name, action.doc.summary, action.signature
    );
    if !action.parameters.is_empty() {
        text.push_str("\n| parameter | type | default | meaning |\n| --- | --- | --- | --- |\n");
    }
    for parameter in &action.parameters {
        let Parameter { name, kind, description, required, default, .. } = parameter;
        let default = match default {
            _ if *required => "required".to_owned(),
            Some(value) => format!("`{value}`"),
            None => String::new(),
        };
        let kind = kind.replace('|', "\\|");
        writeln!(text, "| `{name}` | {kind} | {default} | {description} |")
            .expect("a String takes everything");
    }
    if let Some(example) = action.doc.example {
        let request = format!("{{\"action\":\"{}\",\"params\":{}}}", action.name, example.params);
        write!(text, "\n```json\n{request}\n```\n\n```json\n{}\n```\n", example.answer)
            .expect("a String takes everything");
    }
    text
}

fn errors() -> String {
    let mut text = String::from(
        "\n## Errors\n\n\
         Every error is `{\"detail\": \"…\"}`, but for the rate limit's, which is `{\"error\": \"…\"}`, and \
         those of a query or batch of [v2](V2.md#errors).\n\n\
         | error | HTTP status | meaning |\n| --- | --- | --- |\n",
    );
    for row in ERROR_TABLE {
        writeln!(text, "| `{}` | {} | {} |", row.name, row.status, row.meaning)
            .expect("a String takes everything");
    }
    text
}
