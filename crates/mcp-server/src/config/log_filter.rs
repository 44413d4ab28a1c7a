//! Whether a log filter says what its writer meant.

use std::str::FromStr;

/// Whether `env_logger` takes all of the filter: it ignores what it cannot read and goes on.
pub(super) fn is_valid(filter: &str) -> bool {
    let directives = filter.split('/').next().unwrap_or_default();
    !directives.is_empty()
        && env_filter::Builder::new().try_parse(filter).is_ok()
        && directives.split(',').all(|directive| is_directive(directive.trim()))
}

fn is_directive(directive: &str) -> bool {
    match directive.split_once('=') {
        Some((module, level)) => is_module(module) && !level.is_empty(),
        // A word alone that is no level would be a module's name, and `verbose` would silence all
        // but a module `verbose`. A name that can only be a module's is one.
        None => {
            log::LevelFilter::from_str(directive).is_ok()
                || (is_module(directive) && directive.contains(['_', ':']))
        }
    }
}

fn is_module(name: &str) -> bool {
    name.split("::").all(|part| {
        !part.is_empty()
            && part.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter))
    })
}
