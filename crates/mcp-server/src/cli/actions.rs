//! `mcp-server actions`

use clap::Args;
use mcp_core::Registry;
use mcp_core::action::Action;

use super::{Failure, REFUSED, USAGE, print};
use crate::config::{Settings, Sources};
use crate::service;

#[derive(Debug, Args)]
pub(super) struct ActionsArgs {
    /// Action to show, with its parameters and an example
    name: Option<String>,
}

pub(super) fn run(args: &ActionsArgs) -> Result<(), Failure> {
    // The settings do not change the list of actions.
    let settings =
        Settings::load(&Sources::default()).map_err(|error| Failure::new(USAGE, error))?;
    let registry = service::registry(&settings).map_err(|error| Failure::new(REFUSED, error))?;
    match &args.name {
        None => print(&list(&registry)),
        Some(name) => {
            let action = registry
                .find(name)
                .map_err(|error| Failure::new(USAGE, format!("{error}; see mcp-server actions")))?;
            print(&details(action))
        }
    }
}

fn list(registry: &Registry) -> String {
    let mut lines = Vec::new();
    let mut group = None;
    for action in registry.actions() {
        if group != Some(&action.doc.group) {
            if group.is_some() {
                lines.push(String::new());
            }
            lines.push(format!("{}:", action.doc.group.name()));
            group = Some(&action.doc.group);
        }
        lines.push(format!("  {}\n      {}", action.signature, action.doc.summary));
    }
    lines.join("\n")
}

fn details(action: &Action) -> String {
    let mut lines = vec![action.signature.clone(), format!("  {}", action.doc.summary)];
    if !action.parameters.is_empty() {
        lines.push("\nParameters:".into());
    }
    for parameter in &action.parameters {
        let required = if parameter.required { ", required" } else { "" };
        let default = parameter.default.as_ref().map(|value| format!(", default {value}"));
        lines.push(format!(
            "  {} ({}{required}{}): {}",
            parameter.name,
            parameter.kind,
            default.unwrap_or_default(),
            parameter.description
        ));
    }
    if let Some(example) = action.doc.example {
        lines.push(format!(
            "\nExample:\n  mcp-server query {} --params '{}'\n  {}",
            action.name, example.params, example.answer
        ));
    }
    lines.join("\n")
}
