//! The search words of a request. A URL, a repository, a node or a key in it becomes the word for its
//! kind.

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
/// Two adjacent words count as one if that one is known: "to do" as "todo". Quoted text is a value for
/// the call and is left out.
pub(super) fn of_request(
    words: &Words,
    text: &str,
    is_known: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let (found, before) = (Vec::new(), None);
    let mut reader = Reader { words, is_known, found, before, numbers: 0, names_one: false };
    for piece in without_quotes(text).split_whitespace() {
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

    /// Returns the words for a piece that is a URL, a repository, a node, a handle or a key.
    fn kind_of(&self, piece: &str) -> Option<&'static [&'static str]> {
        if is_address(piece) {
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
        if piece.split_once(':').is_some_and(|(page, node)| is_number(page) && is_number(node)) {
            return Some(&["figma", "node"]);
        }
        if piece.strip_prefix("b_").is_some_and(|id| id.chars().all(char::is_alphanumeric)) {
            return Some(&["blob"]);
        }
        // An unknown identifier is most likely the key of a setting.
        (is_identifier(piece) && !(self.is_known)(piece)).then_some(&["key"])
    }
}

/// Top-level domains of host names without a scheme. Others are as likely file extensions.
const TOP_DOMAINS: &[&str] = &[
    "ai", "app", "at", "au", "br", "ca", "ch", "co", "com", "de", "dev", "edu", "es", "eu",
    "example", "fr", "gov", "info", "io", "it", "jp", "local", "net", "nl", "org", "shop", "site",
    "test", "uk", "us",
];

/// `https://example.com/a`, `example.com`, `docs.example.com/a`, `localhost:3000`.
fn is_address(piece: &str) -> bool {
    let has_start = ["http://", "https://", "www."].iter().any(|start| piece.starts_with(start));
    let host = piece.split(['/', '?', ':']).next().unwrap_or_default();
    let has_path = piece[host.len()..].starts_with('/');
    let is_host = host.rsplit_once('.').is_some_and(|(before, last)| {
        let is_label = |label: &str| label.chars().all(|c| c.is_alphanumeric() || c == '-');
        !before.is_empty()
            && before.split('.').all(is_label)
            && (TOP_DOMAINS.contains(&last)
                || has_path && last.len() > 1 && last.chars().all(char::is_alphabetic))
    });
    has_start || is_host || (host == "localhost" && piece.len() > host.len())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

/// Returns the text without quoted parts. An apostrophe inside a word is not a quote.
fn without_quotes(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(['"', '\'', '`', '“', '‘', '«']) {
        let quote = rest[start..].chars().next().expect("it was found there");
        let (before, from) = (&rest[..start], &rest[start + quote.len_utf8()..]);
        let close = match quote {
            '“' => '”',
            '‘' => '’',
            '«' => '»',
            other => other,
        };
        let opens = !before.ends_with(char::is_alphanumeric);
        kept.push_str(before);
        kept.push(if opens { ' ' } else { quote });
        rest = match from.find(close) {
            Some(end) if opens => &from[end + close.len_utf8()..],
            _ => from,
        };
    }
    kept.push_str(rest);
    kept
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
            ("github.com/octocat/Hello-World", &["github", "owner", "repo"]),
            ("on acme.com, shop.acme.de/a", &["url", "url"]),
            ("localhost:3000", &["url"]),
            ("README.md", &["readm", "md"]),
            ("read/write", &["read", "write"]),
            ("frame 12:34", &["frame", "figma", "node"]),
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

    #[test]
    fn what_is_in_quotes_is_left_out() {
        assert_eq!(request("task \"list users\" bob's"), ["task", "bob"]);
        assert_eq!(request("the user's 'list' and don't \"open"), ["user", "don", "open"]);
    }
}
