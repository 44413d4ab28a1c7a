//! The search words of a request. A URL, a repository or a key in it becomes the word for its kind.

use super::words::{Words, is_identifier, is_meaningful, pieces};

struct Reader<'a> {
    words: &'a Words,
    is_known: &'a dyn Fn(&str) -> bool,
    found: Vec<String>,
    /// The previous word, and the count of words found before it.
    before: Option<(String, usize)>,
    numbers: u32,
    /// Whether a number follows a word, as in "task 7".
    names_one: bool,
}

/// Returns the search words of a request. `is_known` tells whether a stem is in any action's document.
///
/// Two adjacent words count as one if that one is known: "to do" as "todo".
pub(super) fn of_request(
    words: &Words,
    text: &str,
    is_known: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let (found, before) = (Vec::new(), None);
    let mut reader = Reader { words, is_known, found, before, numbers: 0, names_one: false };
    for piece in text.split_whitespace() {
        reader.piece(piece.trim_matches(|c: char| !c.is_alphanumeric() && c != '/'));
    }
    if reader.numbers > 1 {
        reader.found.push(words.stem("numbers"));
    } else if reader.names_one {
        reader.found.push(words.stem("id"));
    }
    reader.found
}

impl Reader<'_> {
    fn piece(&mut self, piece: &str) {
        let lower = piece.to_lowercase();
        if let Some(kind) = self.kind_of(&lower) {
            self.found.extend(kind.iter().map(|word| self.words.stem(word)));
            self.before = None;
            return;
        }
        if is_number(&lower) {
            self.numbers += 1;
            self.names_one |= self.before.as_ref().is_some_and(|(word, _)| is_meaningful(word));
        }
        if is_identifier(&lower) {
            self.found.push(lower.clone());
        }
        for word in pieces(&lower) {
            self.word(word);
        }
    }

    fn word(&mut self, word: &str) {
        if let Some((before, length)) = &self.before {
            let joined = self.words.stem(&format!("{before}{word}"));
            if (self.is_known)(&joined) {
                self.found.truncate(*length);
                self.found.push(joined);
                self.before = None;
                return;
            }
        }
        self.before = Some((word.to_owned(), self.found.len()));
        if is_meaningful(word) {
            self.found.extend(self.words.forms(word));
        }
    }

    /// Returns the words for a piece that is a URL, a repository, a handle or a key.
    fn kind_of(&self, piece: &str) -> Option<&'static [&'static str]> {
        if ["http://", "https://", "www."].iter().any(|start| piece.starts_with(start)) {
            return Some(match piece {
                _ if piece.contains("github.com/") => &["github", "owner", "repo"],
                _ if piece.contains("figma.com/") => &["figma", "file"],
                _ => &["url"],
            });
        }
        // `rust-lang/rust`, but not "read/write".
        let is_known = |part: &str| (self.is_known)(&self.words.stem(part));
        if let Some((owner, name)) = piece.split_once('/')
            && [owner, name].iter().all(|part| part.len() > 2 && !part.contains('/'))
            && !(is_known(owner) && is_known(name))
        {
            return Some(&["github", "owner", "repo"]);
        }
        if piece.strip_prefix("b_").is_some_and(|id| id.chars().all(char::is_alphanumeric)) {
            return Some(&["blob"]);
        }
        // An unknown identifier is most likely the key of a setting.
        (is_identifier(piece) && !(self.is_known)(piece)).then_some(&["key"])
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Vec<String> {
        let known = ["todo", "teammat", "in_progress", "read", "write"];
        of_request(&Words::new(), text, &|word| known.contains(&word))
    }

    #[test]
    fn two_words_that_are_known_as_one_are_one() {
        assert_eq!(request("a to do for my team mate"), ["todo", "teammat"]);
        assert_eq!(request("to-dos"), ["todo"]);
    }

    #[test]
    fn what_is_named_becomes_the_word_for_its_kind() {
        for (text, words) in [
            ("stars of rust-lang/rust?", &["star", "stars", "github", "owner", "repo"][..]),
            ("title of https://example.com/a_b.", &["titl", "url"]),
            ("https://github.com/octocat/Hello-World", &["github", "owner", "repo"]),
            ("read/write", &["read", "write"]),
            ("blob b_3f", &["blob", "blob"]),
            ("set max_tasks", &["updat", "key"]),
            ("in_progress", &["in_progress", "progress"]),
            ("task 7", &["task", "id"]),
            ("sum of 3, 5 and 9", &["sum", "number"]),
            ("raised to 200", &["rais"]),
        ] {
            assert_eq!(request(text), words, "{text}");
        }
    }
}
