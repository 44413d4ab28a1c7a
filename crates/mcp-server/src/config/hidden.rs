//! Hides the passwords in URLs.

use std::ops::Range;

/// The replacement of a secret.
pub(super) const HIDDEN: &str = "(hidden)";

pub(super) fn hide_passwords(text: &str) -> String {
    let mut shown = text.to_owned();
    for range in passwords(text).into_iter().rev() {
        shown.replace_range(range, HIDDEN);
    }
    shown
}

/// Returns the passwords in a URL or in libpq's list of `key=value`, in order. When in doubt, a range
/// is too long.
pub(super) fn passwords(text: &str) -> Vec<Range<usize>> {
    let mut ranges: Vec<_> = credentials(text).into_iter().collect();
    let mut from = ranges.first().map_or(0, |range| range.end);
    while let Some(range) = parameter(text, from) {
        from = range.end;
        ranges.push(range);
    }
    ranges.retain(|range| !range.is_empty());
    ranges
}

/// Finds the password in `user:PASSWORD@host`, or the token in `https://TOKEN@host`.
fn credentials(text: &str) -> Option<Range<usize>> {
    let start = text.find("://").map_or(0, |scheme| scheme + 3);
    if text[start..].starts_with('/') {
        return None; // A path.
    }
    // The last @: a password may hold an @ or a / that should have been encoded.
    let end = start + text[start..].rfind('@')?;
    match text[start..end].find(':') {
        Some(colon) => Some(start + colon + 1..end),
        None => text.starts_with("http").then_some(start..end),
    }
}

/// Finds the value of the next `password=` or `sslpassword=` at or after `from`.
fn parameter(text: &str, from: usize) -> Option<Range<usize>> {
    const NAME: &str = "password";
    let at = from + text[from..].to_ascii_lowercase().find(NAME)? + NAME.len();
    let Some(value) = text[at..].trim_start().strip_prefix('=').map(str::trim_start) else {
        return parameter(text, at);
    };
    let is_url = text.contains("://");
    let end = |letter: char| if is_url { "&#".contains(letter) } else { letter.is_whitespace() };
    // A quoted value may hold spaces: the rest of the text is hidden.
    let length = if value.starts_with('\'') { None } else { value.find(end) };
    let start = text.len() - value.len();
    Some(start..start + length.unwrap_or(value.len()))
}
