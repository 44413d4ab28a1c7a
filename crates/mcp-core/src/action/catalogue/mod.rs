//! What is said of every action, and how the right one is found: by what somebody wants (BM25), by
//! a name that is nearly right, or in a list of all.
//!
//! It is made when the registry is built. An action that is part of the registry and tells about it
//! (`help`) is given a [`CatalogueHandle`] before.

mod request;
mod spelling;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use bm25::{Embedder, EmbedderBuilder, Scorer, Tokenizer};

use super::registry::Action;
use super::schema::{self, Parameter};
use super::{Example, Group};
use words::Words;

/// How many actions are told to somebody who looks for one.
pub const SHOWN: usize = 3;
/// How many signatures stand on a line of the list of all.
const ON_A_LINE: usize = 25;
/// How many bytes of a misspelt name are looked at.
const LONGEST_NAME_LOOKED_AT: usize = 200;

/// What is said of an action.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// The family it belongs to.
    pub group: Group,
    /// One line: what it does.
    pub summary: &'static str,
    /// `add_task(title, description?, priority?=medium)`.
    pub signature: String,
    /// `add_task(title, description?, priority?)`.
    pub brief: String,
    /// Its parameters, those that a call must give first.
    pub parameters: Vec<Parameter>,
    /// A worked example.
    pub example: Example,
}

impl Entry {
    /// Signature, without defaults, and summary.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{}: {}", self.brief, self.summary)
    }
}

/// What is said of all actions.
pub struct Catalogue {
    entries: Vec<Entry>,
    by_name: BTreeMap<&'static str, usize>,
    embedder: Embedder<u64, Spaces>,
    scorer: Scorer<usize, u64>,
    words: Words,
    known: BTreeSet<String>,
}

/// The catalogue of a registry that is still being filled.
#[derive(Clone, Default)]
pub struct CatalogueHandle(Arc<OnceLock<Catalogue>>);

impl CatalogueHandle {
    /// The catalogue, complete.
    #[must_use]
    pub fn get(&self) -> &Catalogue {
        self.0.get().expect("an action is called when its registry is built, and not before")
    }

    pub(super) fn fill(&self, actions: &[Action]) {
        self.0.get_or_init(|| Catalogue::new(actions));
    }
}

/// Texts come as words already, with a space between two.
struct Spaces;

impl Tokenizer for Spaces {
    fn tokenize(&self, text: &str) -> Vec<String> {
        text.split(' ').filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect()
    }
}

impl Catalogue {
    fn new(actions: &[Action]) -> Self {
        let words = Words::new();
        let entries: Vec<Entry> = actions.iter().map(entry).collect();
        let documents: Vec<Vec<String>> =
            actions.iter().map(|action| document(&words, action)).collect();
        // No action is worth less for having more words said about it: b is 0.
        let embedder =
            EmbedderBuilder::<u64, Spaces>::with_tokenizer_and_fit_to_corpus(Spaces, &[])
                .b(0.0)
                .build();
        let mut scorer = Scorer::new();
        for (index, said) in documents.iter().enumerate() {
            scorer.upsert(&index, embedder.embed(&said.join(" ")));
        }
        let by_name =
            entries.iter().enumerate().map(|(index, entry)| (entry.name, index)).collect();
        let known = documents.into_iter().flatten().collect();
        Self { entries, by_name, embedder, scorer, words, known }
    }

    /// The entry of the action of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name).map(|index| &self.entries[*index])
    }

    /// The actions that fit a request, the best first, at most [`SHOWN`].
    #[must_use]
    pub fn search(&self, request: &str) -> Vec<&Entry> {
        let words = request::of_request(&self.words, request, &|word| self.known.contains(word));
        let mut found = self.scorer.matches(&self.embedder.embed(&words.join(" ")));
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        let named = self.by_name.get(request.trim()).copied();
        let mut indices: Vec<usize> = named.into_iter().collect();
        for index in found.into_iter().map(|found| found.id) {
            if indices.len() < SHOWN && !indices.contains(&index) {
                indices.push(index);
            }
        }
        indices.into_iter().map(|index| &self.entries[index]).collect()
    }

    /// The names nearest to one that no action has: those spelt alike, then those that mean alike.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Vec<&'static str> {
        let end = name.floor_char_boundary(LONGEST_NAME_LOOKED_AT);
        let name = &name[..end];
        let spelt = spelling::by_likeness(name, self.by_name.keys().copied());
        let alike = spelt.iter().filter(|(_, alike)| *alike).map(|(name, _)| *name);
        let meant = self.search(&name.replace(|c: char| !c.is_alphanumeric(), " "));
        let meant = meant.into_iter().map(|entry| entry.name);
        let mut nearest = Vec::new();
        for name in alike.chain(meant).chain(spelt.iter().map(|(name, _)| *name)) {
            if nearest.len() < SHOWN && !nearest.contains(&name) {
                nearest.push(name);
            }
        }
        nearest
    }

    /// All signatures, without defaults, by group: `users: list_users() add_user(username, role?)`.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut groups: Vec<(Group, Vec<&str>)> = Vec::new();
        for entry in &self.entries {
            match groups.iter_mut().find(|(group, _)| *group == entry.group) {
                Some((_, signatures)) => signatures.push(&entry.brief),
                None => groups.push((entry.group, vec![&entry.brief])),
            }
        }
        let line = |group: Group, part: &[&str]| format!("{}: {}", group.name(), part.join(" "));
        groups
            .iter()
            .flat_map(|(group, all)| all.chunks(ON_A_LINE).map(|part| line(*group, part)))
            .collect()
    }
}

fn entry(action: &Action) -> Entry {
    Entry {
        name: action.name,
        group: action.doc.group,
        summary: action.doc.summary,
        signature: action.signature.clone(),
        brief: schema::brief_signature(action.name, &action.parameters),
        parameters: action.parameters.clone(),
        example: action.doc.example,
    }
}

/// All that an action is found by: a word counts once for each place where it is said.
fn document(words: &Words, action: &Action) -> Vec<String> {
    let parameters: Vec<&str> = action.parameters.iter().map(|it| it.name.as_str()).collect();
    let places = [
        action.name,
        action.doc.summary,
        action.doc.group.words(),
        &parameters.join(" "),
        &action.doc.words.join(" "),
    ];
    let said = places.map(|text| words.of_text(text).into_iter().collect::<BTreeSet<String>>());
    said.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use crate::{Registry, actions};

    fn registry() -> Registry {
        Registry::builder().with(actions::register).build().expect("a registry")
    }

    #[test]
    fn the_best_three_come_first_and_a_name_before_all() {
        let registry = registry();
        let found = |request| {
            let found = registry.catalogue().search(request);
            found.into_iter().map(|entry| entry.name).collect::<Vec<_>>()
        };
        assert_eq!(found("create a ticket for bob")[0], "add_task");
        assert_eq!(found("create a ticket for bob").len(), 3);
        assert_eq!(found(" delete_task ")[0], "delete_task");
        assert_eq!(found("of the and to"), Vec::<&str>::new());
        assert_eq!(found("xyzzy"), Vec::<&str>::new());
    }

    #[test]
    fn an_unknown_action_names_the_nearest_by_spelling_then_by_meaning() {
        let registry = registry();
        let nearest = |name: &str| registry.catalogue().nearest(name);
        assert_eq!(nearest("ad_task")[0], "add_task");
        assert_eq!(nearest("lst_users")[0], "list_users");
        assert_eq!(nearest("create_ticket")[0], "add_task");
        assert_eq!(nearest("getUser")[0], "get_user");
        for name in ["", "💥", &"x".repeat(10_000)] {
            assert_eq!(nearest(name).len(), 3, "{name}");
        }
    }

    #[test]
    fn the_list_of_all_has_every_signature_once_without_defaults() {
        let registry = registry();
        let lines = registry.catalogue().lines();
        assert!(lines.contains(&"config: get_config(key?) update_config(key, value)".to_owned()));
        for action in registry.actions() {
            let call = format!(" {}(", action.name);
            let times: usize = lines.iter().map(|line| line.matches(&call).count()).sum();
            assert_eq!(times, 1, "{}", action.name);
        }
        assert!(lines.iter().all(|line| !line.contains('=')));
    }
}
