//! From text to the words that are compared: lower case, without what says nothing, and stemmed, so
//! that "listing" finds "list". What a request names rather than says (an address, a repository, a
//! node, a key) becomes the word for its kind.

use rust_stemmers::{Algorithm, Stemmer};

/// Words that are in requests of every kind. Not among them: what tells actions apart although it
/// is short ("all", "how many", "new", "off", "who").
const SAY_NOTHING: &[&str] = &[
    "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can",
    "could", "did", "do", "does", "for", "from", "had", "has", "have", "he", "her", "him", "his",
    "i", "if", "in", "into", "is", "it", "its", "just", "let", "like", "ll", "me", "might", "mine",
    "must", "my", "now", "of", "on", "onto", "or", "our", "ours", "please", "s", "she", "should",
    "so", "some", "such", "t", "than", "that", "the", "their", "them", "then", "there", "these",
    "they", "this", "those", "to", "too", "us", "ve", "want", "was", "we", "were", "which", "will",
    "with", "would", "you", "your",
];

/// The words of what is said about an action.
pub(super) fn of_text(text: &str) -> Vec<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    split(text).map(|word| stemmed(&stemmer, &word)).collect()
}

/// The words of a request. `is_known` says whether a word, stemmed, is said of any action.
///
/// Two words that stand beside each other count as one too ("to do" as "todo", "team mate" as
/// "teammate"), if that one is known. What stands in quotes is what a call would be given, and is
/// left out.
pub(super) fn of_request(text: &str, is_known: impl Fn(&str) -> bool) -> Vec<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut words = Vec::new();
    let mut numbers = 0_u32;
    let mut before = String::new();
    for piece in without_quotes(text).split_whitespace() {
        let piece = piece.trim_matches(|c: char| !c.is_alphanumeric() && c != '/' && c != '#');
        if let Some(kind) = kind_of(piece) {
            words.extend(kind.iter().map(|word| stemmed(&stemmer, word)));
            before.clear();
            continue;
        }
        numbers += u32::from(piece.chars().all(|c| c.is_ascii_digit()) && !piece.is_empty());
        // An identifier that nobody knows is most likely the key of a setting.
        let whole = piece.to_lowercase();
        if whole.contains('_') && !whole.split('_').all(|part| is_known(&stemmed(&stemmer, part))) {
            words.push(stemmed(&stemmer, "key"));
            before.clear();
            continue;
        }
        for word in pieces(&whole) {
            let joined = stemmed(&stemmer, &format!("{before}{word}"));
            if !before.is_empty() && is_known(&joined) {
                words.push(joined);
            }
            if says_something(word) {
                words.push(stemmed(&stemmer, word));
            }
            word.clone_into(&mut before);
        }
    }
    if numbers > 1 {
        words.push(stemmed(&stemmer, "numbers"));
    }
    words
}

/// What a piece of a request names by its form: an address, a repository, a node of a design, a blob.
fn kind_of(piece: &str) -> Option<&'static [&'static str]> {
    let is_address = piece.starts_with("http://")
        || piece.starts_with("https://")
        || piece.starts_with("www.");
    if is_address {
        return Some(match piece {
            _ if piece.contains("github.com/") => &["github", "owner", "repo"],
            _ if piece.contains("figma.com/") => &["figma", "file"],
            _ => &["url"],
        });
    }
    let two = |separator: char| {
        piece.split_once(separator).filter(|(left, right)| !left.is_empty() && !right.is_empty())
    };
    if let Some((owner, name)) = two('/')
        && [owner, name].iter().all(|part| part.len() > 2)
        && !name.contains('/')
    {
        return Some(&["github", "owner", "repo"]);
    }
    if let Some((page, node)) = two(':')
        && [page, node].iter().all(|part| part.chars().all(|c| c.is_ascii_digit()))
    {
        return Some(&["node", "figma"]);
    }
    if let Some(("b", rest)) = two('_')
        && rest.chars().all(char::is_alphanumeric)
    {
        return Some(&["blob"]);
    }
    None
}

/// The text without what stands in quotes. An apostrophe inside a word is none.
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
        let opens = before.chars().next_back().is_none_or(|c| !c.is_alphanumeric());
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

fn split(text: &str) -> impl Iterator<Item = String> {
    let lower = text.to_lowercase().replace("to-do", "todo");
    let words: Vec<String> =
        pieces(&lower).filter(|word| says_something(word)).map(ToOwned::to_owned).collect();
    words.into_iter()
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn says_something(word: &str) -> bool {
    SAY_NOTHING.binary_search(&word).is_err() && !word.chars().all(|c| c.is_ascii_digit())
}

fn stemmed(stemmer: &Stemmer, word: &str) -> String {
    stemmer.stem(word).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Vec<String> {
        of_request(text, |word| ["todo", "teammat", "status", "in", "progress"].contains(&word))
    }

    #[test]
    fn the_words_that_say_nothing_are_in_order() {
        assert!(SAY_NOTHING.is_sorted());
    }

    #[test]
    fn words_are_stemmed_and_those_that_say_nothing_left_out() {
        assert_eq!(of_text("Listing the tasks of a user"), ["list", "task", "user"]);
        assert_eq!(request("Please list my TASKS"), ["list", "task"]);
    }

    #[test]
    fn two_words_that_are_known_as_one_are_one() {
        assert_eq!(request("a to do for my team mate"), ["todo", "team", "teammat", "mate"]);
        assert_eq!(request("to-dos"), ["todo", "dos"]);
    }

    #[test]
    fn what_is_named_becomes_the_word_for_its_kind() {
        assert_eq!(request("stars of rust-lang/rust?"), ["star", "github", "owner", "repo"]);
        assert_eq!(request("title of https://example.com/a_b."), ["titl", "url"]);
        assert_eq!(request("frame 12:34"), ["frame", "node", "figma"]);
        assert_eq!(request("set max_tasks"), ["set", "key"]);
        assert_eq!(request("in_progress"), ["progress"]);
        assert_eq!(request("sum of 3, 5 and 9"), ["sum", "number"]);
        assert_eq!(request("and/or"), Vec::<String>::new());
    }

    #[test]
    fn what_is_in_quotes_is_left_out() {
        assert_eq!(request("task \"list users\" bob's"), ["task", "bob"]);
        assert_eq!(request("the user's 'list' and don't \"open"), ["user", "don", "open"]);
    }
}
