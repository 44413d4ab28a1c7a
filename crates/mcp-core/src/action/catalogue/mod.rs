//! What is said of every action, and how the right one is found: by what somebody wants (BM25), by
//! a name that is nearly right, or in a list of all.
//!
//! It is made when the registry is built. An action that is part of the registry and tells about it
//! (`help`) is given a [`CatalogueHandle`] before.

mod spelling;
mod words;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bm25::{Embedder, EmbedderBuilder, Scorer, Tokenizer};

use super::registry::Action;
use super::schema::{self, Parameter};
use super::{Example, Group};

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
    embedder: Embedder<u64, Words>,
    scorer: Scorer<usize, u64>,
    known: std::collections::BTreeSet<String>,
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
struct Words;

impl Tokenizer for Words {
    fn tokenize(&self, text: &str) -> Vec<String> {
        text.split(' ').filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect()
    }
}

impl Catalogue {
    fn new(actions: &[Action]) -> Self {
        let entries: Vec<Entry> = actions.iter().map(entry).collect();
        let documents: Vec<Vec<String>> = actions.iter().map(document).collect();
        // No action is worth less for having more words said about it: b is 0.
        let embedder = EmbedderBuilder::<u64, Words>::with_tokenizer_and_fit_to_corpus(Words, &[])
            .b(0.0)
            .build();
        let mut scorer = Scorer::new();
        for (index, words) in documents.iter().enumerate() {
            scorer.upsert(&index, embedder.embed(&words.join(" ")));
        }
        let by_name = entries.iter().enumerate().map(|(index, entry)| (entry.name, index)).collect();
        let known = documents.into_iter().flatten().collect();
        Self { entries, by_name, embedder, scorer, known }
    }

    /// The entry of the action of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name).map(|index| &self.entries[*index])
    }

    /// The actions that fit a request, the best first, at most [`SHOWN`].
    #[must_use]
    pub fn search(&self, request: &str) -> Vec<&Entry> {
        let words = words::of_request(request, |word| self.known.contains(word));
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

/// All that an action is found by. What is said twice counts more.
fn document(action: &Action) -> Vec<String> {
    let parameters = action.parameters.iter().map(|parameter| parameter.name.as_str());
    let texts = [action.name, action.name, action.doc.summary, action.doc.group.words()];
    let all: Vec<&str> =
        texts.into_iter().chain(parameters).chain(action.doc.words.iter().copied()).collect();
    words::of_text(&all.join("\n"))
}
