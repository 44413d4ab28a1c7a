//! Comparison of texts: Unicode's canonical equivalence, and for searches its case folding.
//!
//! `é` is one code point, or `e` and an accent; readers see one letter (the Unicode Standard, section
//! 3.12). Texts are stored byte for byte and compared in these forms.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Returns the form in which texts are searched: full case folding, then composition (NFC).
///
/// Two texts have the same form if they differ only by case and canonical equivalence (the
/// Unicode Standard, section 3.13.5): `STRASSE` finds `Straße`, and a final sigma its other forms.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    // Folding turns this accent alone into a letter, so the accents must be in their order before.
    let ordered: Cow<'_, str> = if text.contains(holds_iota_subscript) {
        Cow::Owned(text.nfd().collect())
    } else {
        Cow::Borrowed(text)
    };
    let folded = match ordered {
        Cow::Borrowed(text) => CaseMapper::new().fold_string(text),
        Cow::Owned(text) => Cow::Owned(CaseMapper::new().fold_string(&text).into_owned()),
    };
    match composed(&folded) {
        Some(composed) => Cow::Owned(composed),
        None => folded,
    }
}

/// Returns the form in which names are compared: composition (NFC). Case matters.
#[must_use]
pub fn compose(name: &str) -> Cow<'_, str> {
    composed(name).map_or(Cow::Borrowed(name), Cow::Owned)
}

/// Returns whether two names are canonically equivalent.
#[must_use]
pub fn is_same_name(name: &str, other: &str) -> bool {
    name == other || compose(name) == compose(other)
}

/// Returns whether another text can be canonically equivalent to this name. Most names have no other
/// spelling to search for.
#[must_use]
pub fn may_be_spelled_differently(name: &str) -> bool {
    // Three signs are ASCII letters in their canonical form: U+212A is K, U+037E `;`, U+1FEF a grave.
    !name.is_ascii() || name.contains(['K', ';', '`'])
}

/// Returns the composed text, or `None` if the text is composed already.
fn composed(text: &str) -> Option<String> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return None;
    }
    Some(text.nfc().collect()).filter(|composed| composed != text)
}

/// Returns whether U+0345 is, or may be, in the letter's canonical decomposition.
fn holds_iota_subscript(letter: char) -> bool {
    matches!(letter, '\u{345}' | '\u{1f80}'..='\u{1ffc}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Section 3.13.5, D145, word for word; composed.
    fn by_definition(text: &str) -> String {
        let decomposed: String = text.nfd().collect();
        CaseMapper::new().fold_string(&decomposed).nfc().collect()
    }

    #[test]
    fn every_letter_folds_as_the_standard_says() {
        for letter in '\0'..=char::MAX {
            let text = letter.to_string();
            assert_eq!(fold(&text), by_definition(&text), "U+{:04X}", u32::from(letter));
        }
    }

    #[test]
    fn equivalent_texts_fold_to_the_same() {
        for (text, other) in [
            ("Zoë", "ZOE\u{308}"),
            ("Ångström", "\u{212b}NGSTRO\u{308}M"),
            ("한글", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"),
            ("İstanbul", "I\u{307}STANBUL"),
            ("ﬁnal", "FINAL"),
            ("ŉ", "ʼN"),
            ("q\u{323}\u{307}", "Q\u{307}\u{323}"),
            ("\u{1fb3}\u{323}", "α\u{323}\u{345}"),
            ("ᾼ", "αι"),
            ("\u{1e9b}\u{323}", "ṩ"),
            ("\u{212a}", "k"),
        ] {
            assert_eq!(fold(text), fold(other), "{text:?} {other:?}");
        }
        for (text, other) in [("ı", "i"), ("é", "e"), ("\u{fb01}", "\u{fb02}"), ("①", "1")] {
            assert_ne!(fold(text), fold(other), "{text:?} {other:?}");
        }
    }

    #[test]
    fn names_are_the_same_in_every_spelling_and_differ_by_case() {
        for (name, other, is_same) in [
            ("Zoë", "Zoe\u{308}", true),
            ("Kate", "\u{212a}ate", true),
            ("a\0b", "a\0b", true),
            ("Zoë", "zoë", false),
            ("ﬁ", "fi", false),
            ("", " ", false),
        ] {
            assert_eq!(is_same_name(name, other), is_same, "{name:?} {other:?}");
        }
    }

    #[test]
    fn no_other_letter_is_an_ascii_letter_in_its_canonical_form() {
        for letter in '\u{80}'..=char::MAX {
            let decomposed: String = letter.to_string().nfd().collect();
            if decomposed.is_ascii() {
                assert!(may_be_spelled_differently(&decomposed), "{letter:?}");
            }
        }
        assert!(!may_be_spelled_differently("alice o'brien_7"));
    }

    proptest! {
        #[test]
        fn every_text_folds_as_the_standard_says(text in "(\\PC|[\u{300}-\u{345}\u{1f80}-\u{1ffc}]){0,12}") {
            prop_assert_eq!(fold(&text), by_definition(&text));
            let decomposed: String = text.nfd().collect();
            prop_assert_eq!(fold(&text), fold(&decomposed));
            prop_assert!(is_same_name(&text, &decomposed));
        }
    }
}
