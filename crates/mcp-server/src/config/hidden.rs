//! Keeping secrets out of what is shown.

use std::ops::Range;

/// What stands where a secret would.
pub(super) const HIDDEN: &str = "(hidden)";

/// The text, with every password in it hidden.
pub(super) fn hide_passwords(text: &str) -> String {
    let mut shown = text.to_owned();
    for place in passwords(text).into_iter().rev() {
        shown.replace_range(place, HIDDEN);
    }
    shown
}

/// Where a URL, or a list of `key=value` as libpq takes it, holds passwords; in order, not
/// overlapping. In doubt more is a password rather than less.
pub(super) fn passwords(text: &str) -> Vec<Range<usize>> {
    let mut places: Vec<_> = credentials(text).into_iter().collect();
    let mut from = places.first().map_or(0, |place| place.end);
    while let Some(place) = parameter(text, from) {
        from = place.end;
        places.push(place);
    }
    places.retain(|place| !place.is_empty());
    places
}

/// `user:PASS@host`; or `TOKEN@host`, as HTTP services take it.
fn credentials(text: &str) -> Option<Range<usize>> {
    let start = text.find("://").map_or(0, |scheme| scheme + 3);
    if text[start..].starts_with('/') {
        return None; // A path: nobody logs in to it.
    }
    // Up to the last one: a password may hold an @ or a / that should have been encoded.
    let end = start + text[start..].rfind('@')?;
    match text[start..end].find(':') {
        Some(colon) => Some(start + colon + 1..end),
        None => text.starts_with("http").then_some(start..end),
    }
}

/// The next `password=…` or `sslpassword=…` that starts at or after `from`.
fn parameter(text: &str, from: usize) -> Option<Range<usize>> {
    const NAME: &str = "password";
    let lower = text.to_ascii_lowercase();
    let mut at = from;
    loop {
        at += lower[at..].find(NAME)? + NAME.len();
        let rest = text[at..].trim_start();
        let Some(value) = rest.strip_prefix('=') else {
            continue;
        };
        let value = value.trim_start();
        let length = if value.starts_with('\'') {
            value.len() // Quoted: a space does not end it.
        } else if text.contains("://") {
            value.find(['&', '#']).unwrap_or(value.len())
        } else {
            value.find(char::is_whitespace).unwrap_or(value.len())
        };
        let start = text.len() - value.len();
        return Some(start..start + length);
    }
}

/// Whether something of this name may be a secret: it is not a setting, so nobody knows.
pub(super) fn is_suspicious(name: &str) -> bool {
    const WORDS: [&str; 9] =
        ["key", "token", "secret", "pass", "pwd", "auth", "cred", "cookie", "private"];
    let name = name.to_lowercase();
    WORDS.iter().any(|word| name.contains(word))
        || name.split(|letter: char| !letter.is_alphanumeric()).any(|part| part == "pat")
}
