//! From text to the words that are compared: lower case, without what says nothing, stemmed, so
//! that "listing" finds "list", and with one word for those that say the same.

use rust_stemmers::{Algorithm, Stemmer};

/// Words that are in requests of every kind. Not among them: what tells actions apart although it
/// is short ("all", "many", "which", "who").
const SAY_NOTHING: &[&str] = &[
    "a", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could",
    "did", "do", "does", "for", "from", "give", "had", "has", "have", "he", "her", "him", "his",
    "how", "i", "if", "in", "into", "is", "it", "its", "just", "let", "like", "ll", "me", "might",
    "mine", "must", "my", "need", "needs", "now", "of", "off", "on", "onto", "or", "our", "ours",
    "out", "please", "s", "she", "should", "so", "some", "such", "t", "tell", "than", "that",
    "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "too", "us",
    "ve", "want", "was", "we", "were", "what", "will", "with", "would", "you", "your",
];

/// Words that any action may be asked for with, and the one that stands for them. Two words are
/// written as one.
const SAME: &[(&str, &[&str])] = &[
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
    // Its stem would be that of the verb: it is looked for as it is.
    ("option", &["setting", "settings"]),
];

/// Makes words comparable.
pub(super) struct Words {
    stemmer: Stemmer,
    /// From a stem to the one that stands for it.
    same: Vec<(String, String)>,
}

impl Words {
    pub(super) fn new() -> Self {
        let stemmer = Stemmer::create(Algorithm::English);
        let stem = |word: &str| stemmer.stem(word).into_owned();
        let pairs = SAME.iter().flat_map(|(one, others)| others.iter().map(move |it| (*it, *one)));
        let same = pairs
            .map(|(word, one)| (if one == "option" { word.into() } else { stem(word) }, stem(one)))
            .collect();
        Self { stemmer, same }
    }

    /// The words of what is said about an action. An identifier is one too, beside its parts.
    pub(super) fn of_text(&self, text: &str) -> Vec<String> {
        let lower = text.to_lowercase().replace('-', "");
        let identifiers = lower.split_whitespace().filter(|word| is_identifier(word));
        let parts = pieces(&lower).filter(|word| says_something(word));
        parts.flat_map(|word| self.forms(word)).chain(identifiers.map(ToOwned::to_owned)).collect()
    }

    /// The word without its ending; for one that says the same as another, the other.
    pub(super) fn stem(&self, word: &str) -> String {
        let stem = self.stemmer.stem(word);
        let same = |text: &str| self.same.iter().find(|(other, _)| other == text);
        let found = same(word).or_else(|| same(&stem));
        found.map_or_else(|| stem.clone().into_owned(), |(_, one)| one.clone())
    }

    /// A word as it is compared: its stem, and for a plural or "list" that too, which tells a list from
    /// one thing.
    pub(super) fn forms(&self, word: &str) -> impl Iterator<Item = String> {
        let is_plural = word.len() > 3 && word.ends_with('s') && !word.ends_with("ss");
        let tells_many = is_plural || word == "list";
        std::iter::once(self.stem(word)).chain(tells_many.then(|| word.to_owned()))
    }
}

/// `in_progress`, `max_tasks`.
pub(super) fn is_identifier(word: &str) -> bool {
    word.contains('_') && word.chars().all(|c| c.is_alphanumeric() || c == '_')
}

pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

pub(super) fn says_something(word: &str) -> bool {
    SAY_NOTHING.binary_search(&word).is_err() && !word.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_say_nothing_are_in_order() {
        assert!(SAY_NOTHING.is_sorted());
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
