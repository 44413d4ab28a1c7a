//! The search over actions: by a request in words (BM25), by a misspelt name, or as a list of all.

mod request;
mod spelling;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};

use bm25::{Embedder, EmbedderBuilder, Scorer, Tokenizer};
use parking_lot::RwLock;

use super::{Action, Group};
use crate::error::ActionError;
use words::Words;

/// The number of actions that a search finds.
const FOUND: usize = 3;
/// The number of signatures on a line of the list of all actions.
const ON_A_LINE: usize = 25;
/// The bytes of a misspelt name that are compared.
const NAME_BYTES: usize = 200;

/// The actions of a registry, and the index to find them.
pub struct Catalogue {
    actions: Vec<Arc<Action>>,
    by_name: BTreeMap<Arc<str>, usize>,
    embedder: Embedder<u64, Spaces>,
    scorer: Scorer<usize, u64>,
    words: Words,
    known: BTreeSet<String>,
}

/// A handle to the catalogue of the newest registry. It does not keep the registry alive.
#[derive(Clone, Default)]
pub(crate) struct CatalogueHandle(Arc<RwLock<Weak<Catalogue>>>);

impl CatalogueHandle {
    /// Returns the catalogue.
    ///
    /// # Errors
    /// Returns `Internal` if the registry is not built yet, or is gone.
    pub(crate) fn get(&self) -> Result<Arc<Catalogue>, ActionError> {
        let catalogue = self.0.read().upgrade();
        catalogue.ok_or_else(|| ActionError::internal("the registry is not there"))
    }

    pub(super) fn fill(&self, catalogue: &Arc<Catalogue>) {
        *self.0.write() = Arc::downgrade(catalogue);
    }
}

/// Splits a text into words that are stemmed already.
struct Spaces;

impl Tokenizer for Spaces {
    fn tokenize(&self, text: &str) -> Vec<String> {
        text.split(' ').filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect()
    }
}

impl Catalogue {
    /// Builds the index. If two actions have one name, the name is returned as the error.
    pub(super) fn new(actions: Vec<Arc<Action>>) -> Result<Self, Arc<str>> {
        let mut by_name = BTreeMap::new();
        for (index, action) in actions.iter().enumerate() {
            if by_name.insert(Arc::clone(&action.name), index).is_some() {
                return Err(Arc::clone(&action.name));
            }
        }
        let words = Words::new();
        let documents: Vec<Vec<String>> =
            actions.iter().map(|action| document(&words, action)).collect();
        // An action ranks no lower for having more search words: b is 0.
        let embedder =
            EmbedderBuilder::<u64, Spaces>::with_tokenizer_and_fit_to_corpus(Spaces, &[])
                .b(0.0)
                .build();
        let mut scorer = Scorer::new();
        for (index, document) in documents.iter().enumerate() {
            scorer.upsert(&index, embedder.embed(&document.join(" ")));
        }
        let known = documents.into_iter().flatten().collect();
        Ok(Self { actions, by_name, embedder, scorer, words, known })
    }

    pub(super) fn actions(&self) -> &[Arc<Action>] {
        &self.actions
    }

    pub(super) fn groups(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = Vec::new();
        for action in &self.actions {
            if !groups.iter().any(|group| group.name() == action.doc.group.name()) {
                groups.push(&action.doc.group);
            }
        }
        groups
    }

    /// Returns the action of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Action> {
        self.by_name.get(name).map(|index| &*self.actions[*index])
    }

    /// Returns the actions that match a request, best first, at most three.
    #[must_use]
    pub fn search(&self, request: &str) -> Vec<&Action> {
        let words = request::of_request(&self.words, request, &|word| self.known.contains(word));
        let mut found = self.scorer.matches(&self.embedder.embed(&words.join(" ")));
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        let named = self.by_name.get(request.trim()).copied();
        let mut indices: Vec<usize> = named.into_iter().collect();
        for index in found.into_iter().map(|found| found.id) {
            if indices.len() < FOUND && !indices.contains(&index) {
                indices.push(index);
            }
        }
        indices.into_iter().map(|index| &*self.actions[index]).collect()
    }

    /// Returns the names nearest to an unknown one: similar spellings, then similar meanings.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Vec<&str> {
        let name = &name[..name.floor_char_boundary(NAME_BYTES)];
        let spelt = spelling::by_likeness(name, self.by_name.keys().map(|name| &**name));
        let alike = spelt.iter().filter(|(_, alike)| *alike).map(|(name, _)| *name);
        let meant = self.search(&name.replace(|c: char| !c.is_alphanumeric(), " "));
        let meant = meant.into_iter().map(|action| &*action.name);
        let mut nearest = Vec::new();
        for name in alike.chain(meant).chain(spelt.iter().map(|(name, _)| *name)) {
            if nearest.len() < FOUND && !nearest.contains(&name) {
                nearest.push(name);
            }
        }
        nearest
    }

    /// Returns the actions of a group, in the order of their registration.
    fn of_group<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a Action> {
        let actions = self.actions.iter().map(|action| &**action);
        actions.filter(|action| action.doc.group.name() == group.name())
    }

    /// Returns all signatures, without defaults, by group:
    /// `users: list_users() add_user(username, role?)`. A connection with many actions gives their number.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for group in self.groups() {
            let (connected, own): (Vec<&Action>, Vec<&Action>) =
                self.of_group(group).partition(|action| action.connected);
            let is_long = connected.len() > ON_A_LINE;
            let listed = if is_long { own } else { [own, connected.clone()].concat() };
            let signatures: Vec<String> = listed.into_iter().map(Action::brief_signature).collect();
            let line = |part: &[String]| format!("{}: {}", group.name(), part.join(" "));
            lines.extend(signatures.chunks(ON_A_LINE).map(line));
            if is_long {
                let count = connected.len();
                lines.push(format!("{}: {count} actions; find them by query", group.name()));
            }
        }
        lines
    }
}

/// Returns the words that an action is found by: each once for every place where it stands.
fn document(words: &Words, action: &Action) -> Vec<String> {
    let parameters: Vec<&str> = action.parameters.iter().map(|it| it.name.as_str()).collect();
    let places = [
        &*action.name,
        &action.doc.summary,
        action.doc.group.words(),
        &parameters.join(" "),
        &action.doc.words,
    ];
    let places = places.map(|text| words.of_text(text).into_iter().collect::<BTreeSet<String>>());
    places.into_iter().flatten().collect()
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
        let found = |request: &str| {
            let found = registry.catalogue().search(request);
            found.into_iter().map(|action| &*action.name).collect::<Vec<_>>()
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
