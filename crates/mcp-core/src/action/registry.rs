//! The one registry: every face of the server (HTTP, the command line, the documents) is a
//! rendering of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Value;

use super::catalogue::{Catalogue, CatalogueHandle};
use super::coerce::EmptyText;
use super::params::ParamsText;
use super::prepared::{
    Prepare, Prepared, over_actions, over_list, over_long, over_memory, over_network,
};
use super::schema::{self, Parameter};
use super::{CompoundAction, Doc, Effect, ListAction, LongAction, MemoryAction, RemoteAction};
use crate::error::{ActionError, ErrorCode};
use crate::memory::Freshness;

/// The longest name that tool lists of the Model Context Protocol take.
const LONGEST_NAME: usize = 64;

/// How many characters of a name that nobody knows are said back.
pub(crate) const LONGEST_SHOWN: usize = 200;

/// An action with everything that is known of it.
pub struct Action {
    prepare: Prepare,
    /// Its name.
    pub name: &'static str,
    /// Whether it may write stored data.
    pub effect: Effect,
    /// Whether it asks another system.
    pub remote: bool,
    /// Whether it calls other actions.
    pub compound: bool,
    /// What it must have seen, where it only reads.
    pub freshness: Freshness,
    /// What is said about it.
    pub doc: Doc,
    /// Its parameters, those that a call must give first.
    pub parameters: Vec<Parameter>,
    /// `add_task(title, description?, priority?=medium)`.
    pub signature: String,
    /// The schema of its parameters: JSON Schema 2020-12, an object, without references.
    pub params_schema: Value,
    /// The schema of what it answers: JSON Schema 2020-12, without references.
    pub output_schema: Value,
    /// The schema of its rows in the lean API, where they are not what v1 answers.
    lean_schema: Option<Value>,
}

impl Action {
    fn over_memory<A: MemoryAction>(action: A) -> Self {
        let doc = action.doc();
        Self {
            freshness: A::FRESHNESS,
            ..Self::new::<A::Params, A::Output>(A::NAME, A::EFFECT, &doc, over_memory(action))
        }
    }

    fn over_list<A: ListAction>(action: A) -> Self {
        let doc = action.doc();
        Self {
            lean_schema: A::lean_schema(),
            ..Self::new::<A::Params, Vec<A::Item>>(A::NAME, Effect::Read, &doc, over_list(action))
        }
    }

    fn over_long<A: LongAction>(action: A) -> Self {
        let doc = action.doc();
        Self::new::<A::Params, A::Output>(A::NAME, Effect::Read, &doc, over_long(action))
    }

    fn over_actions<A: CompoundAction>(action: A) -> Self {
        let doc = action.doc();
        let action = over_actions(action);
        Self {
            remote: true,
            compound: true,
            ..Self::new::<A::Params, A::Output>(A::NAME, Effect::Write, &doc, action)
        }
    }

    fn over_network<A: RemoteAction>(action: A) -> Self {
        let doc = action.doc();
        let action = over_network(action);
        Self {
            remote: true,
            ..Self::new::<A::Params, A::Output>(A::NAME, Effect::Read, &doc, action)
        }
    }

    fn new<P: JsonSchema, O: JsonSchema>(
        name: &'static str,
        effect: Effect,
        doc: &Doc,
        prepare: Prepare,
    ) -> Self {
        let params_schema = schema::of_params::<P>();
        let parameters = schema::parameters(&params_schema);
        Self {
            prepare,
            name,
            effect,
            remote: false,
            compound: false,
            freshness: Freshness::Writes,
            doc: *doc,
            signature: schema::signature(name, &parameters),
            parameters,
            params_schema,
            output_schema: schema::of_output::<O>(),
            lean_schema: None,
        }
    }

    /// Returns the schema of what the lean API picks fields from.
    #[must_use]
    pub fn lean_schema(&self) -> &Value {
        self.lean_schema.as_ref().unwrap_or(&self.output_schema)
    }

    /// Returns whether the lean API shows what v1 answers, in fewer tokens.
    #[must_use]
    pub fn is_lean_of_v1(&self) -> bool {
        self.lean_schema.is_none()
    }

    /// A name for people: the document's, or `Add task` for `add_task`.
    #[must_use]
    pub fn title(&self) -> String {
        self.doc.title.map_or_else(
            || {
                let words = self.name.replace('_', " ");
                let (first, rest) = words.split_at(1);
                first.to_ascii_uppercase() + rest
            },
            ToOwned::to_owned,
        )
    }

    /// What is said where it was carried out and its result cannot be given: who takes that for a
    /// refusal would have it write twice. None where it only reads.
    #[must_use]
    pub fn done(&self) -> Option<String> {
        match (self.effect, self.compound) {
            (Effect::Read, _) => None,
            (Effect::Write, false) => {
                Some(format!("{} was carried out: do not call it again for its result", self.name))
            }
            (Effect::Write, true) => Some(format!(
                "{} was carried out: for a result call those steps again that only read",
                self.name
            )),
        }
    }

    /// Coerces parameters as models write them into what the schema asks for: JSON in a text, `1.0` for
    /// an integer, `""` for an optional filter, null where the schema has no null. v2, the Model
    /// Context Protocol and the steps of a batch do this before a call; v1 does not.
    pub fn coerce(&self, params: &mut ParamsText) {
        let stores = self.effect == Effect::Write && !self.compound;
        let empty = if stores { EmptyText::Value } else { EmptyText::Absent };
        params.coerce(&self.params_schema, empty);
    }

    /// Parses the parameters; only the work is left. Null counts as left out for a parameter of
    /// which it is no value.
    ///
    /// # Errors
    /// When a parameter is missing or wrong: the message names it.
    pub fn prepare(&self, params: ParamsText) -> Result<Prepared, ActionError> {
        let is_nullable = |name: &str| {
            self.parameters
                .iter()
                .filter(|known| known.name == name)
                .any(|known| known.nullable || (self.doc.sees_null && !known.required))
        };
        (self.prepare)(&params.without_nulls(is_nullable)?)
    }

    /// Refuses parameters that the action does not have.
    ///
    /// # Errors
    /// When there is one: the message names it and gives the signature.
    pub fn refuse_unknown(&self, params: &ParamsText) -> Result<(), ActionError> {
        let names = params.names()?;
        let unknown = names.iter().find(|name| !self.parameters.iter().any(|p| p.name == **name));
        unknown.map_or(Ok(()), |name| {
            let shown: String = name.chars().take(LONGEST_SHOWN).collect();
            Err(ActionError::invalid(format!("Unknown parameter: {shown}. Use {}", self.signature)))
        })
    }
}

/// All actions, by name.
pub struct Registry {
    actions: Vec<Action>,
    by_name: BTreeMap<&'static str, usize>,
    catalogue: CatalogueHandle,
}

impl Registry {
    /// An empty one to fill.
    #[must_use]
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder { actions: Vec::new(), catalogue: CatalogueHandle::default() }
    }

    /// All actions, in the order in which they were registered.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// What is said of all actions, and how the right one is found.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        self.catalogue.get()
    }

    /// The action of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, name: &str) -> Result<&Action, ActionError> {
        self.by_name.get(name).map(|index| &self.actions[*index]).ok_or_else(|| {
            let shown: String = name.chars().take(LONGEST_SHOWN).collect();
            ActionError::new(ErrorCode::UnknownAction, format!("Unknown action: {shown}"))
        })
    }
}

/// Why a registry cannot be built.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Two actions have one name.
    #[error("two actions are named {0}")]
    NameTwice(&'static str),
    /// A name is not of the form that every face can carry.
    #[error("{0} is no name for an action: snake_case, at most 64 characters")]
    BadName(&'static str),
}

/// A registry that is being filled.
pub struct RegistryBuilder {
    actions: Vec<Action>,
    catalogue: CatalogueHandle,
}

impl RegistryBuilder {
    /// The catalogue of what is being registered, for an action that tells about it. It is
    /// complete when the registry is built.
    #[must_use]
    pub fn catalogue(&self) -> CatalogueHandle {
        self.catalogue.clone()
    }

    /// Adds an action over stored memory.
    #[must_use]
    pub fn memory<A: MemoryAction>(mut self, action: A) -> Self {
        self.actions.push(Action::over_memory(action));
        self
    }

    /// Adds an action over stored memory that answers a list.
    #[must_use]
    pub fn list<A: ListAction>(mut self, action: A) -> Self {
        self.actions.push(Action::over_list(action));
        self
    }

    /// Adds an action over stored memory in whose answer a long list may stand.
    #[must_use]
    pub fn long<A: LongAction>(mut self, action: A) -> Self {
        self.actions.push(Action::over_long(action));
        self
    }

    /// Adds an action that asks another system.
    #[must_use]
    pub fn remote<A: RemoteAction>(mut self, action: A) -> Self {
        self.actions.push(Action::over_network(action));
        self
    }

    /// Adds an action that calls others.
    #[must_use]
    pub fn compound<A: CompoundAction>(mut self, action: A) -> Self {
        self.actions.push(Action::over_actions(action));
        self
    }

    /// Adds everything that another crate brings.
    #[must_use]
    pub fn with(self, add: impl FnOnce(Self) -> Self) -> Self {
        add(self)
    }

    /// The registry.
    ///
    /// # Errors
    /// When a name is there twice or is not `snake_case`.
    pub fn build(self) -> Result<Registry, RegistryError> {
        let mut by_name = BTreeMap::new();
        for (index, action) in self.actions.iter().enumerate() {
            if !is_snake_case(action.name) {
                return Err(RegistryError::BadName(action.name));
            }
            if by_name.insert(action.name, index).is_some() {
                return Err(RegistryError::NameTwice(action.name));
            }
        }
        self.catalogue.fill(&self.actions);
        Ok(Registry { actions: self.actions, by_name, catalogue: self.catalogue })
    }
}

fn is_snake_case(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
