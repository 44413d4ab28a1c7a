//! Search words of a text: lower case, without stop words, stemmed ("listing" finds "list"), and one
//! word for synonyms.

use rust_stemmers::{Algorithm, Stemmer};

/// Stop words, sorted. Not among them: short words that tell actions apart ("all", "many", "who").
const STOP_WORDS: &[&str] = &[
    "a", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could",
    "did", "do", "does", "for", "from", "give", "had", "has", "have", "he", "her", "him", "his",
    "how", "i", "if", "in", "into", "is", "it", "its", "just", "let", "like", "ll", "me", "might",
    "mine", "must", "my", "need", "needs", "now", "of", "off", "on", "onto", "or", "our", "ours",
    "out", "please", "s", "she", "should", "so", "some", "such", "t", "tell", "than", "that",
    "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "too", "us",
    "ve", "want", "was", "we", "were", "what", "will", "with", "would", "you", "your",
];

/// Words and their synonyms. Two words are joined into one.
const SYNONYMS: &[(&str, &[&str])] = &[
    ("add", &["create", "insert", "new"]),
    (
        "get",
        &[
            "display",
            "enumerate",
            "fetch",
            "findout",
            "list",
            "lookat",
            "lookup",
            "obtain",
            "print",
            "retrieve",
            "see",
            "show",
            "view",
        ],
    ),
    (
        "remove",
        &[
            "delete",
            "destroy",
            "discard",
            "drop",
            "eliminate",
            "erase",
            "getrid",
            "purge",
            "scrap",
            "throwaway",
            "trash",
            "wipe",
        ],
    ),
    ("search", &["find", "hunt", "locate", "lookfor", "query", "seek"]),
    ("update", &["adjust", "alter", "amend", "change", "edit", "modify", "revise", "set", "tweak"]),
    // Not stemmed: the stem would be that of the verb.
    ("option", &["setting", "settings"]),
];

pub(super) struct Words {
    stemmer: Stemmer,
    /// Pairs of a stem and its synonym.
    synonyms: Vec<(String, String)>,
}

impl Words {
    pub(super) fn new() -> Self {
        let stemmer = Stemmer::create(Algorithm::English);
        let stem = |word: &str| stemmer.stem(word).into_owned();
        let pairs =
            SYNONYMS.iter().flat_map(|(one, others)| others.iter().map(move |it| (*it, *one)));
        let synonyms = pairs
            .map(|(word, one)| (if one == "option" { word.into() } else { stem(word) }, stem(one)))
            .collect();
        Self { stemmer, synonyms }
    }

    /// Returns the words of a text about an action: identifiers and their parts.
    pub(super) fn of_text(&self, text: &str) -> Vec<String> {
        let lower = text.to_lowercase().replace('-', "");
        let identifiers = lower.split_whitespace().filter(|word| is_identifier(word));
        let parts = pieces(&lower).filter(|word| is_meaningful(word));
        parts.flat_map(|word| self.forms(word)).chain(identifiers.map(ToOwned::to_owned)).collect()
    }

    /// Returns the stem of a word, or of its synonym.
    pub(super) fn stem(&self, word: &str) -> String {
        let stem = self.stemmer.stem(word);
        let same = |text: &str| self.synonyms.iter().find(|(other, _)| other == text);
        let found = same(word).or_else(|| same(&stem));
        found.map_or_else(|| stem.clone().into_owned(), |(_, one)| one.clone())
    }

    /// Returns the stem of a word, and also a plural or "list" itself, which tells lists from objects.
    pub(super) fn forms(&self, word: &str) -> impl Iterator<Item = String> {
        let is_plural = word.len() > 3 && word.ends_with('s') && !word.ends_with("ss");
        let tells_many = is_plural || word == "list";
        std::iter::once(self.stem(word)).chain(tells_many.then(|| word.to_owned()))
    }
}

/// Returns whether the word is like `in_progress`.
pub(super) fn is_identifier(word: &str) -> bool {
    word.contains('_') && word.chars().all(|c| c.is_alphanumeric() || c == '_')
}

pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

pub(super) fn is_meaningful(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_err() && !word.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_say_nothing_are_in_order() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn words_are_stemmed_and_those_that_say_nothing_left_out() {
        let words = Words::new();
        assert_eq!(
            words.of_text("Closing the tasks of a user"),
            ["close", "task", "tasks", "user"]
        );
        assert_eq!(words.of_text("in_progress"), ["progress", "in_progress"]);
        assert_eq!(words.of_text("to-do"), ["todo"]);
    }

    #[test]
    fn one_word_stands_for_those_that_say_the_same() {
        let words = Words::new();
        for (word, one) in [("creating", "add"), ("deleted", "remov"), ("changes", "updat")] {
            assert_eq!(words.stem(word), one);
        }
        assert_eq!(words.stem("set"), words.stem("update"));
        assert_eq!(words.stem("settings"), words.stem("option"));
    }
}
