//! Words of a document for people and agents: one line, bounded, without control characters.

use std::borrow::Cow;

/// The longest description of an operation, in characters.
pub(super) const OPERATION: usize = 1000;

/// The longest description of a parameter, in characters.
pub(super) const PARAMETER: usize = 300;

/// Returns a text in one line, cut at `limit` characters. Characters that control a terminal or the
/// direction of writing, and the addresses of Markdown links, are left out.
pub(super) fn line(text: &str, limit: usize) -> String {
    let text = &without_links(text);
    let mut line = String::new();
    let mut left = limit;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let mut letters = word.chars().filter(|c| !is_direction(*c)).peekable();
        if letters.peek().is_none() {
            continue;
        }
        if !line.is_empty() {
            if left == 0 {
                break;
            }
            line.push(' ');
            left -= 1;
        }
        for letter in letters {
            if left == 0 {
                line.truncate(line.trim_end().len());
                line.push('…');
                return line;
            }
            line.push(letter);
            left -= 1;
        }
    }
    line
}

/// Replaces `[label](address)` by its label: addresses cost tokens and help nobody.
fn without_links(text: &str) -> Cow<'_, str> {
    if !text.contains("](") {
        return text.into();
    }
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once("](") {
        let label = before.rsplit_once('[').filter(|(_, label)| !label.contains('\n'));
        match (label, after.split_once(')')) {
            (Some((before, label)), Some((address, after))) if !address.contains('\n') => {
                plain.push_str(before.strip_suffix('!').unwrap_or(before));
                plain.push_str(label);
                rest = after;
            }
            _ => {
                plain.push_str(before);
                plain.push_str("](");
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain.into()
}

/// Returns whether a character is invisible and changes the direction of writing.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_bounded_line() {
        for (text, limit, expected) in [
            ("  a\n\n b\tc ", 10, "a b c"),
            ("a\u{1b}[31m\u{202e}b\u{200b}", 20, "a [31mb"),
            ("abcdef", 3, "abc…"),
            ("abc", 3, "abc"),
            ("ab cd", 3, "ab…"),
            ("äöü ß", 10, "äöü ß"),
            ("", 5, ""),
            ("abc", 0, "…"),
            ("see [the docs](https://a.b/c?d) and ![x](y).", 50, "see the docs and x."),
            ("[a](b", 50, "[a](b"),
            ("a](b) c", 50, "a](b) c"),
        ] {
            assert_eq!(line(text, limit), expected, "{text:?}");
        }
    }
}
