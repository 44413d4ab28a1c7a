//! Which actions somebody may have meant who named one that is not there.

use strsim::normalized_damerau_levenshtein;

use crate::Registry;
use crate::action::Action;

/// How many are named.
const NAMED: usize = 3;

/// The names of the actions that are most like a name: by its letters, and by its words, of which
/// each may stand in the action's name or among those that it is searched by.
#[must_use]
pub(super) fn nearest(registry: &Registry, name: &str) -> Vec<&'static str> {
    let name: String = name.chars().take(100).collect::<String>().to_lowercase();
    let words: Vec<&str> =
        name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut ranked: Vec<(f64, &'static str)> = registry
        .actions()
        .iter()
        .map(|action| (likeness(action, &name, &words), action.name))
        .collect();
    ranked.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    ranked.into_iter().take(NAMED).map(|(_, name)| name).collect()
}

fn likeness(action: &Action, name: &str, words: &[&str]) -> f64 {
    let parts: Vec<&str> = action.name.split('_').collect();
    let of_word = |word: &&str| {
        let in_name =
            parts.iter().map(|part| normalized_damerau_levenshtein(part, word)).fold(0.0, f64::max);
        let searched = if action.doc.words.contains(word) { 0.7 } else { 0.0 };
        in_name.max(searched)
    };
    let found: f64 = words.iter().map(of_word).sum();
    #[expect(clippy::cast_precision_loss, reason = "a handful of words")]
    let by_words = found / words.len().max(1) as f64;
    normalized_damerau_levenshtein(action.name, name) + by_words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions;

    #[test]
    fn a_slip_and_another_word_for_it_find_the_action() {
        let registry = Registry::builder().with(actions::register).build().expect("a registry");
        for (name, meant) in [
            ("ad_task", "add_task"),
            ("create_task", "add_task"),
            ("addTask", "add_task"),
            ("tasks_list", "list_tasks"),
            ("user_add", "add_user"),
            ("find_tasks", "search_tasks"),
        ] {
            let nearest = nearest(&registry, name);
            assert_eq!(nearest.len(), 3);
            assert!(nearest.contains(&meant), "{name}: {nearest:?}");
        }
        assert_eq!(nearest(&registry, "").len(), 3);
    }
}
