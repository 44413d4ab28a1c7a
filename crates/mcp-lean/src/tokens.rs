//! Token counts of `o200k_base`, the vocabulary of the models that this project measures with.
//!
//! The vocabulary is loaded when the first text is counted: about 90 ms and 24 MiB, once for a process.

use std::sync::LazyLock;

use tiktoken::CoreBpe;

/// The longest token of the vocabulary, in bytes: 128 spaces.
pub(crate) const LONGEST: usize = 128;

static VOCABULARY: LazyLock<&CoreBpe> =
    LazyLock::new(|| tiktoken::get_encoding("o200k_base").expect("a feature of the crate"));

/// Returns the number of tokens of a text.
#[must_use]
pub fn count(text: &str) -> usize {
    VOCABULARY.count(text)
}

/// Estimates the tokens of JSON from its bytes, for metrics: within about 20 % for queries and the results of
/// this server's actions.
pub(crate) fn estimate(bytes: usize) -> usize {
    bytes * 5 / 16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::any_text;
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

    proptest! {
        #[test]
        fn an_independent_tokenizer_counts_the_same(parts in prop::collection::vec(any_text(), 0..20)) {
            let text = parts.concat();
            prop_assert_eq!(count(&text), bpe_openai::o200k_base().count(&text), "{:?}", text);
        }
    }
}
