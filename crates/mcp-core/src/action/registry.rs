//! The registry of actions. Every transport and document is made of it.

use std::sync::Arc;

use super::catalogue::{Catalogue, CatalogueHandle};
use super::{Action, CompoundAction, Group, ListAction, MemoryAction, RemoteAction};
use crate::error::{ActionError, ErrorCode, shown};

/// The longest tool name that clients of the Model Context Protocol accept.
pub const NAME_LIMIT: usize = 64;

/// All actions, by name.
pub struct Registry {
    catalogue: Arc<Catalogue>,
    handle: CatalogueHandle,
}

impl Registry {
    /// Starts an empty registry.
    #[must_use]
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder::default()
    }

    /// Returns all actions, in the order of their registration.
    #[must_use]
    pub fn actions(&self) -> &[Arc<Action>] {
        self.catalogue.actions()
    }

    /// Returns a registry with these actions and more. Actions such as `help`, which tell about their
    /// registry, tell about the newest one.
    ///
    /// # Errors
    /// As [`RegistryBuilder::build`].
    pub fn with_more(&self, more: &[Arc<Action>]) -> Result<Self, RegistryError> {
        let actions = self.actions().iter().chain(more).cloned().collect();
        RegistryBuilder { actions, catalogue: self.handle.clone() }.build()
    }

    /// Returns the groups of the actions, in the order of their first action.
    #[must_use]
    pub fn groups(&self) -> Vec<&Group> {
        self.catalogue.groups()
    }

    /// Returns the search over the actions.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Returns the action of this name.
    ///
    /// # Errors
    /// Returns `UnknownAction` if no action has this name.
    pub fn find(&self, name: &str) -> Result<&Action, ActionError> {
        self.catalogue.find(name).ok_or_else(|| {
            ActionError::new(ErrorCode::UnknownAction, format!("Unknown action: {}", shown(name)))
        })
    }
}

/// The reason why a registry cannot be built.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Two actions have one name.
    #[error("two actions are named \"{0}\": rename one")]
    NameTwice(String),
    /// A transport cannot carry the name.
    #[error("invalid action name \"{0}\": use snake_case and at most 64 characters")]
    BadName(String),
}

/// A registry that is being filled.
#[derive(Default)]
pub struct RegistryBuilder {
    actions: Vec<Arc<Action>>,
    catalogue: CatalogueHandle,
}

impl RegistryBuilder {
    /// Returns a handle to the catalogue of the registry, for an action such as `help` that is part
    /// of it.
    pub(crate) fn catalogue(&self) -> CatalogueHandle {
        self.catalogue.clone()
    }

    /// Adds an action over stored memory.
    #[must_use]
    pub fn memory<A: MemoryAction>(self, action: A) -> Self {
        self.action(Action::memory(action))
    }

    /// Adds an action that lists stored memory.
    #[must_use]
    pub fn list<A: ListAction>(self, action: A) -> Self {
        self.action(Action::list(action))
    }

    /// Adds an action that calls an upstream.
    #[must_use]
    pub fn remote<A: RemoteAction>(self, action: A) -> Self {
        self.action(Action::remote(action))
    }

    /// Adds an action that calls other actions.
    #[must_use]
    pub fn compound<A: CompoundAction>(self, action: A) -> Self {
        self.action(Action::compound(action))
    }

    /// Adds an action that is made already, such as [`Action::at_run_time`].
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.actions.push(Arc::new(action));
        self
    }

    /// Adds the actions of another crate.
    #[must_use]
    pub fn with(self, add: impl FnOnce(Self) -> Self) -> Self {
        add(self)
    }

    /// Builds the registry.
    ///
    /// # Errors
    /// Returns `NameTwice` if two actions have one name, and `BadName` if a name is too long or not
    /// `snake_case`; that of an action made at run time may also have capital letters and `-`.
    pub fn build(self) -> Result<Registry, RegistryError> {
        if let Some(action) = self.actions.iter().find(|action| !is_valid(action)) {
            return Err(RegistryError::BadName(action.name.to_string()));
        }
        let catalogue = Catalogue::new(self.actions)
            .map_err(|name| RegistryError::NameTwice(name.to_string()))?;
        let catalogue = Arc::new(catalogue);
        self.catalogue.fill(&catalogue);
        Ok(Registry { catalogue, handle: self.catalogue })
    }
}

fn is_valid(action: &Action) -> bool {
    let name = &*action.name;
    if action.connected {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        return !name.is_empty() && name.len() <= NAME_LIMIT && name.chars().all(is_plain);
    }
    name.len() <= NAME_LIMIT
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
