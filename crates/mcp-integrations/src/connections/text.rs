//! Texts of other systems: data, never instructions.

/// Returns a text for people and models on one line: without control and invisible format characters,
/// with single spaces, and at most `limit` characters long.
pub(crate) fn plain(text: &str, limit: usize) -> String {
    let visible = text.chars().filter(|c| !is_invisible(*c));
    let visible: String = visible.map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let joined = visible.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match joined.char_indices().nth(limit) {
        None => joined,
        Some(_) => {
            let kept: String = joined.chars().take(limit.saturating_sub(1)).collect();
            kept + "…"
        }
    }
}

/// Returns whether a character has no form of its own but can change how others are read: controls,
/// bidirectional and other format characters, tags, private use (Unicode, section 23).
fn is_invisible(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}'
            | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_visible_line() {
        for (text, wanted) in [
            ("plain", "plain"),
            (" two\n\tlines\r\n of  text ", "two lines of text"),
            ("a\u{202e}b\u{200b}c\u{feff}\u{e0041}\u{7}\u{1b}[2J", "abc[2J"),
            ("日本語 für 👩‍💻", "日本語 für 👩💻"),
            ("0123456789ab", "012345678…"),
        ] {
            assert_eq!(plain(text, 10), wanted, "{text:?}");
        }
    }
}
