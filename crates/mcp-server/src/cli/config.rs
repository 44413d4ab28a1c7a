//! `mcp-server config`

use super::{Failure, USAGE, complain, print};
use crate::config::{Settings, Sources, effective};

pub(super) fn run(sources: &Sources) -> Result<(), Failure> {
    let settings = Settings::load(sources).map_err(|error| Failure::new(USAGE, error))?;
    super::database::location(&settings, sources)?;
    sources.warnings().iter().for_each(|line| complain(line));
    let rows = effective(sources).map_err(|error| Failure::new(USAGE, error))?;
    let key = rows.iter().map(|row| row.key.len()).max().unwrap_or_default();
    let value = rows.iter().map(|row| row.value.len()).max().unwrap_or_default();
    let lines: Vec<String> = rows
        .iter()
        .map(|row| format!("{:key$} = {:value$}  # {}", row.key, row.value, row.source))
        .collect();
    print(&lines.join("\n"))
}
