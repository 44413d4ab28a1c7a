//! `mcp-server config`, and the settings of the other commands.

use mcp_storage::Location;

use super::{Failure, REFUSED, USAGE, complain, print};
use crate::config::{Settings, Sources, ToolSet, effective};
use crate::mcp::tool_set;
use crate::service;

pub(super) fn run(sources: &Sources) -> Result<(), Failure> {
    load(sources)?;
    sources.warnings().iter().for_each(|line| complain(line));
    let settings = effective(sources).map_err(|error| Failure::new(USAGE, error))?;
    let key = settings.iter().map(|setting| setting.key.len()).max().unwrap_or_default();
    let value = settings.iter().map(|setting| setting.value.len()).max().unwrap_or_default();
    let lines: Vec<String> = settings
        .iter()
        .map(|it| format!("{:key$} = {:value$}  # {}", it.key, it.value, it.source))
        .collect();
    print(&lines.join("\n"))
}

/// Loads the settings. Checks the database's URL and the groups of tools too, which the storage and
/// the registry define.
pub(super) fn load(sources: &Sources) -> Result<Settings, Failure> {
    let settings = Settings::load(sources).map_err(|error| Failure::new(USAGE, error))?;
    location(&settings, sources)?;
    if matches!(settings.tools, ToolSet::Groups(_)) {
        let registry =
            service::registry(&settings).map_err(|error| Failure::new(REFUSED, error))?;
        tool_set::check(&settings.tools, &registry)
            .map_err(|expected| wrong("tools", sources, &format!("expected {expected}")))?;
    }
    Ok(settings)
}

/// Parses the database's URL.
pub(super) fn location(settings: &Settings, sources: &Sources) -> Result<Location, Failure> {
    Location::parse(settings.database_url.as_str())
        .map_err(|error| wrong("database_url", sources, &error.to_string()))
}

/// Names a wrong setting with its value and origin.
fn wrong(key: &str, sources: &Sources, fault: &str) -> Failure {
    let settings = effective(sources).unwrap_or_default();
    let setting = settings.iter().find(|setting| setting.key == key);
    let origin = setting.map(|it| format!(" {:?} ({})", it.value, it.source)).unwrap_or_default();
    Failure::new(USAGE, format!("{key}:{origin}: {fault}"))
}
