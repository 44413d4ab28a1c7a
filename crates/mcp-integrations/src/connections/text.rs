//! Text that other systems send for people and models to read: data, not instructions.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, NoncharacterCodePoint};
use icu_properties::{CodePointMapData, CodePointSetData};

/// The end of a text that was cut.
const ELLIPSIS: char = '…';

/// Returns the visible part of a text in one line of at most `limit` characters, with `…` as the last
/// if it was cut.
///
/// Removes control characters, format characters (bidirectional ones, zero-width ones, tags), all
/// others that Unicode calls ignorable (variation selectors, fillers), private ones and
/// noncharacters. White space, line ends included, becomes one space, and none at both ends.
pub(crate) fn plain(text: &str, limit: usize) -> String {
    let mut plain = String::new();
    let mut length = 0;
    let mut is_spaced = false;
    // The length without the last character and the space before it.
    let mut before_last = 0;
    for letter in text.chars() {
        if letter.is_whitespace() {
            is_spaced = length > 0;
            continue;
        }
        if is_hidden(letter) {
            continue;
        }
        let added = 1 + usize::from(is_spaced);
        if length + added > limit {
            if length == limit {
                plain.truncate(before_last);
            }
            if limit > 0 {
                plain.push(ELLIPSIS);
            }
            break;
        }
        before_last = plain.len();
        if std::mem::take(&mut is_spaced) {
            plain.push(' ');
        }
        plain.push(letter);
        length += added;
    }
    plain
}

/// Returns whether a character must not reach a reader: it is invisible, or has no common meaning.
fn is_hidden(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_control();
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(letter);
    matches!(
        category,
        GeneralCategory::Control | GeneralCategory::Format | GeneralCategory::PrivateUse
    ) || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(letter)
        || CodePointSetData::new::<NoncharacterCodePoint>().contains(letter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_becomes_one_visible_line() {
        for (text, wanted) in [
            ("Reads a file.", "Reads a file."),
            ("", ""),
            (" \n\t ", ""),
            ("  two\r\n\r\n lines\tof\u{a0}\u{2028}text \u{3000}", "two lines of text"),
            ("a\0b\u{7}c\u{1b}[31md\u{7f}\u{9b}", "abc[31md"),
            ("user\u{202e}txt.exe\u{202c} \u{2066}x\u{2069}", "usertxt.exe x"),
            ("z\u{200b}e\u{200c}r\u{200d}o\u{2060}\u{feff}\u{ad}", "zero"),
            ("a\u{e0001}\u{e0049}\u{e0067}\u{e007f}b\u{e0000}\u{e0002}", "ab"),
            ("😀\u{fe0f}\u{e0100}\u{e01ef}!", "😀!"),
            ("fill\u{115f}\u{3164}\u{ffa0}\u{34f}\u{180e}er", "filler"),
            ("\u{e000}\u{f8ff}\u{f0000}\u{10fffd}x\u{ffff}\u{fdd0}", "x"),
            ("a \u{200b} b", "a b"),
            ("Zoe\u{301} 漢字 ü \u{fffd} עברית", "Zoe\u{301} 漢字 ü \u{fffd} עברית"),
        ] {
            assert_eq!(plain(text, 100), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_cut() {
        for (text, limit, wanted) in [
            ("abc", 3, "abc"),
            ("abc \n", 3, "abc"),
            ("abc\u{200b}", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("ab c", 3, "ab…"),
            ("a bc", 3, "a…"),
            ("漢字漢字", 3, "漢字…"),
            ("ab", 1, "…"),
            ("a", 1, "a"),
            ("a", 0, ""),
        ] {
            assert_eq!(plain(text, limit), wanted, "{text:?} {limit}");
        }
    }

    proptest! {
        #[test]
        fn every_text_is_bounded_visible_and_the_same_when_read_again(
            text in prop_oneof![
                any::<String>(),
                "[a \n\u{200b}\u{202e}\u{e0041}é…]{0,12}",
            ],
            limit in 0_usize..16,
        ) {
            let whole = plain(&text, usize::MAX);
            let cut = plain(&text, limit);
            prop_assert!(cut.chars().count() <= limit);
            prop_assert!(!cut.contains("  ") && cut.trim() == cut);
            prop_assert!(!whole.chars().any(|c| is_hidden(c) || c.is_whitespace() && c != ' '));
            prop_assert_eq!(plain(&cut, limit), &cut[..]);
            if whole.chars().count() <= limit {
                prop_assert_eq!(cut, whole);
            } else if limit > 0 {
                let start = cut.strip_suffix(ELLIPSIS).expect("cut");
                prop_assert!(whole.starts_with(start));
                let letters = start.chars().count();
                prop_assert!(letters + 1 == limit || whole[start.len()..].starts_with(' '));
            }
        }
    }
}
