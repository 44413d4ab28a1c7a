//! Texts in a form that PostgreSQL accepts: without NUL, and hashed where an index limits their
//! length.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

/// Escapes itself and [`NUL`].
const ESCAPE: char = '\u{1}';
/// Represents NUL after [`ESCAPE`].
const NUL: char = '\u{2}';

/// Returns the stored form of a text. It is unique, and the stored form of a substring is a
/// substring of the stored form.
pub(super) fn stored(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(text);
    }
    let mut stored = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '\0' => stored.extend([ESCAPE, NUL]),
            ESCAPE => stored.extend([ESCAPE, ESCAPE]),
            letter => stored.push(letter),
        }
    }
    Cow::Owned(stored)
}

/// Returns the text of a stored form.
pub(super) fn original(stored: String) -> String {
    if !stored.contains(ESCAPE) {
        return stored;
    }
    let mut text = String::with_capacity(stored.len());
    let mut letters = stored.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ESCAPE => text.extend(letters.next().map(|next| if next == NUL { '\0' } else { next })),
            letter => text.push(letter),
        }
    }
    text
}

/// Returns a name's hash, the key of its index.
pub(super) fn hash(name: &str) -> Vec<u8> {
    Sha256::digest(name.as_bytes()).to_vec()
}

/// Returns a pattern for LIKE that matches the text anywhere. It escapes wildcards in the text.
pub(super) fn pattern(stored: &str) -> String {
    let mut pattern = String::with_capacity(stored.len() + 2);
    pattern.push('%');
    for letter in stored.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_stored_without_nul_and_read_as_it_was() {
        for text in
            ["", "plain", "a\0b", "\0", "\0\0", "\u{1}", "\u{1}\u{2}", "\u{1}\0\u{2}", "ü\0"]
        {
            let stored = stored(text);
            assert!(!stored.contains('\0'), "{text:?}");
            assert_eq!(original(stored.into_owned()), text);
        }
    }

    #[test]
    fn different_texts_are_stored_differently() {
        let texts = ["\0", "\u{1}", "\u{1}\u{2}", "\u{2}", "\u{1}\0", "\0\u{1}"];
        for (index, text) in texts.iter().enumerate() {
            for other in &texts[..index] {
                assert_ne!(stored(text), stored(other));
            }
        }
    }

    #[test]
    fn no_letter_of_a_pattern_is_a_wildcard() {
        assert_eq!(pattern(r"5% of a_b\c"), r"%5\% of a\_b\\c%");
    }
}
