//! Actions: named tools with typed parameters, over stored memory ([`MemoryAction`], [`ListAction`]),
//! an upstream ([`RemoteAction`]) or other actions ([`CompoundAction`]).
//!
//! Invariant: an action parses nothing, times nothing and logs nothing; the dispatcher does.

mod bounded;
pub(crate) mod catalogue;
pub mod coerce;
mod definition;
mod doc;
pub mod params;
mod prepared;
mod registry;
mod schema;
mod values;
mod view;

use std::future::Future;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::changes::Change;
use crate::domain::{Page, Part};
use crate::error::ActionError;
use crate::memory::{Freshness, Memory};
use crate::progress::Progress;
use crate::{Context, Dispatcher};
pub use definition::Action;
pub use doc::{Doc, Example, Group};
pub(crate) use prepared::{BeginWork, MemoryText, MemoryWork};
pub use prepared::{Prepared, RemoteRun, RemoteText};
pub use registry::{NAME_LIMIT, Registry, RegistryBuilder, RegistryError};
pub use schema::{Parameter, of_output as output_schema};
pub(crate) use values::unexpected;
pub use view::{Column, Incomplete, Pages, Shape, Shown, Tree, TreeNode, View};

/// Whether an action may change stored data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only reads.
    Read,
    /// It may write.
    Write,
}

/// An action over stored memory. It runs inside one transaction, which an error undoes.
pub trait MemoryAction: Send + Sync + 'static {
    /// The name: `snake_case`, at most 64 characters, unique.
    const NAME: &'static str;
    /// Whether the action may write.
    const EFFECT: Effect;
    /// The parameters. Their field comments are the documentation.
    type Params: DeserializeOwned + JsonSchema + Send + 'static;
    /// The result.
    type Output: Serialize + JsonSchema;
    /// The writes that a read must see.
    const FRESHNESS: Freshness = Freshness::Writes;
    /// Returns the documentation.
    fn doc(&self) -> Doc;
    /// Runs the action.
    ///
    /// # Errors
    /// Returns the error for the caller, such as `NotFound` if a parameter names a missing task.
    fn run(
        &self,
        params: Self::Params,
        memory: &mut dyn Memory,
    ) -> Result<Self::Output, ActionError>;
    /// Returns the change that a write with this result made. By default, all memory has changed.
    fn change(&self, _: &Self::Output) -> Change {
        Change::All
    }
}

/// An action over stored memory whose result is a list. The list is read in parts, so that its length
/// is not bounded by the machine's memory.
pub trait ListAction: Send + Sync + 'static {
    /// The name: `snake_case`, at most 64 characters, unique.
    const NAME: &'static str;
    /// The parameters. Their field comments are the documentation.
    type Params: DeserializeOwned + JsonSchema + Send + 'static;
    /// An item of the list.
    type Item: Serialize + JsonSchema;
    /// Returns the documentation.
    fn doc(&self) -> Doc;
    /// Reads a part of the list.
    ///
    /// # Errors
    /// Returns the error for the caller, such as `Unavailable` if the storage cannot be used.
    fn part(
        &self,
        params: &Self::Params,
        page: Page,
        memory: &mut dyn Memory,
    ) -> Result<Part<Self::Item>, ActionError>;
    /// Reads a part of the list as the lean API shows it. By default, a row is an item.
    ///
    /// An action whose items have no fields to pick from overrides this and
    /// [`ListAction::lean_schema`].
    ///
    /// # Errors
    /// As [`ListAction::part`].
    fn values(
        &self,
        params: &Self::Params,
        page: Page,
        memory: &mut dyn Memory,
    ) -> Result<Part<Value>, ActionError> {
        self.part(params, page, memory)?.to_values()
    }
    /// Returns the schema of the list of those rows; `None` where they are the items.
    #[must_use]
    fn lean_schema() -> Option<Value> {
        None
    }
}

/// An action that calls an upstream. It holds no transaction meanwhile.
pub trait RemoteAction: Send + Sync + 'static {
    /// The name: `snake_case`, at most 64 characters, unique.
    const NAME: &'static str;
    /// The parameters. Their field comments are the documentation.
    type Params: DeserializeOwned + JsonSchema + Send + 'static;
    /// The result.
    type Output: Serialize + JsonSchema;
    /// Returns the documentation.
    fn doc(&self) -> Doc;
    /// Checks, before the parameters are parsed, that the action can be called.
    ///
    /// # Errors
    /// Returns `NotConfigured` if a setting is missing.
    fn available(&self) -> Result<(), ActionError> {
        Ok(())
    }
    /// Runs the action and reports its progress. Dropping the future stops it.
    ///
    /// # Errors
    /// Returns the error for the caller, such as `UpstreamTimeout`.
    fn run(
        &self,
        params: Self::Params,
        progress: &Progress,
    ) -> impl Future<Output = Result<Self::Output, ActionError>> + Send;
    /// Returns whether the result is a page and another page follows.
    fn has_more(&self, _: &Self::Output) -> bool {
        false
    }
}

/// An action that calls other actions through the dispatcher.
pub trait CompoundAction: Send + Sync + 'static {
    /// The name: `snake_case`, at most 64 characters, unique.
    const NAME: &'static str;
    /// The parameters. Their field comments are the documentation.
    type Params: DeserializeOwned + JsonSchema + Send + 'static;
    /// The result.
    type Output: Serialize + JsonSchema;
    /// Returns the documentation.
    fn doc(&self) -> Doc;
    /// Runs the action for the caller in the context and reports its progress. Dropping the future
    /// stops it.
    ///
    /// # Errors
    /// Returns the error for the caller, such as that of a step.
    fn run(
        &self,
        params: Self::Params,
        dispatcher: &Dispatcher,
        context: &Context,
    ) -> impl Future<Output = Result<Self::Output, ActionError>> + Send;
}
