//! Filters of the server's own log.

use std::str::FromStr;

pub(super) const EXPECTED: &str =
    "off, error, warn, info, debug or trace, or a filter such as info,actix_web=debug";

/// Checks a filter as a whole; `env_logger` ignores the parts that it cannot parse.
pub(super) fn parse(filter: &str) -> Option<String> {
    let is_parsed = env_filter::Builder::new().try_parse(filter).is_ok();
    let mut directives = filter.split('/').next()?.split(',').map(str::trim);
    (is_parsed && directives.all(is_directive)).then(|| filter.to_owned())
}

fn is_directive(directive: &str) -> bool {
    let is_module = |name: &str| {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        name.split("::").all(|part| !part.is_empty() && part.chars().all(is_plain))
    };
    match directive.split_once('=') {
        Some((module, level)) => is_module(module) && !level.is_empty(),
        // `env_logger` takes any other word for a module, so that `verbose` would silence all modules
        // but one of that name.
        None if directive.contains(['_', ':']) => is_module(directive),
        None => log::LevelFilter::from_str(directive).is_ok(),
    }
}
