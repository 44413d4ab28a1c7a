//! How many tokens a text is: `o200k_base`, the vocabulary of the models that this is measured by.
//!
//! The vocabulary is read when the first text is counted (about 50 ms and 60 MiB, once for a process): a
//! server that nobody asks for lean answers does not hold it. Counting takes time in proportion to
//! the text, whatever is in it, so no text can be made to stall it.

use bpe_openai::{Tokenizer, o200k_base};

/// How many tokens the text is.
#[must_use]
pub fn count(text: &str) -> usize {
    o200k_base().count(text)
}

/// How many tokens the text is, where it is at most `most`. Of a longer text, no more is read than
/// it takes to know.
#[must_use]
pub fn count_within(text: &str, most: usize) -> Option<usize> {
    let tokenizer: &Tokenizer = o200k_base();
    let count = tokenizer.count_till_limit(&tokenizer.normalize(text), most)?;
    (count <= most).then_some(count)
}

/// Whether the text is at most `most` tokens. A token is at least a byte, so a short text need not
/// be counted.
#[must_use]
pub fn is_within(text: &str, most: usize) -> bool {
    text.len() <= most || count_within(text, most).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_the_published_vocabulary() {
        // As OpenAI's own tiktoken counts them.
        for (text, tokens) in [
            ("", 0),
            ("hello world", 2),
            (r#"{"data":{"id":7}}"#, 7),
            ("naïve façade", 4),
            ("漢字", 2),
        ] {
            assert_eq!(count(text), tokens, "{text}");
        }
    }

    #[test]
    fn a_limit_is_met_exactly() {
        let text = "one two three four";
        assert_eq!(count(text), 4);
        assert_eq!(count_within(text, 4), Some(4));
        assert_eq!(count_within(text, 3), None);
        assert!(is_within(text, 4) && !is_within(text, 3));
        assert!(is_within("abcd", 4));
    }
}
