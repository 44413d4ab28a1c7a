//! What an action is: a named tool with typed parameters, over stored memory ([`MemoryAction`]) or
//! over another system ([`RemoteAction`]).
//!
//! Invariant: an action parses nothing, times nothing and logs nothing; the dispatcher does.

mod bounded;
pub mod catalogue;
pub mod coerce;
pub mod params;
mod prepared;
pub mod registry;
mod schema;
mod values;
mod view;

use std::future::Future;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answer::Answer;
use crate::domain::{Page, Part};
use crate::error::ActionError;
use crate::memory::{Freshness, Memory};
use crate::progress::Progress;
use crate::{Context, Dispatcher};
pub use prepared::{
    CompoundRun, CompoundWork, LongWork, MemoryWork, Prepared, RemoteRun, RemoteText, RemoteWork,
};
pub use registry::Action;
pub use schema::{Parameter, of_output as output_schema};
pub(crate) use values::unexpected;
pub use view::{Column, Incomplete, Pages, Shape, Shown, Tree, TreeNode, View};

/// Whether an action changes stored data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only reads.
    Read,
    /// It may write.
    Write,
}

/// The family that an action belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What can be called.
    Help,
    /// People and agents.
    Users,
    /// Work to be done.
    Tasks,
    /// Shared values.
    Config,
    /// Small helpers.
    Utilities,
    /// GitHub's REST API.
    Github,
    /// Figma's REST API.
    Figma,
    /// Web pages in a real browser.
    Pages,
    /// Actions of an embedding program.
    Custom,
}

impl Group {
    /// All of them, in the order in which they are listed to people.
    pub const ALL: [Self; 8] = [
        Self::Users,
        Self::Tasks,
        Self::Config,
        Self::Utilities,
        Self::Github,
        Self::Figma,
        Self::Pages,
        Self::Custom,
    ];

    /// The group of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.name() == name)
    }

    /// The name that tool lists and documents use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Help => "help",
            Self::Users => "users",
            Self::Tasks => "tasks",
            Self::Config => "config",
            Self::Utilities => "utilities",
            Self::Github => "github",
            Self::Figma => "figma",
            Self::Pages => "pages",
            Self::Custom => "custom",
        }
    }

    /// Words that people use for what the whole family is about.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Users => {
                "person people somebody someone member account colleague teammate coworker employee agent"
            }
            Self::Tasks => "todo ticket chore item job assignment",
            Self::Config => {
                "setting option preference config parameter variable flag default timeout language locale theme mode timezone retries verbosity"
            }
            Self::Github => "repo repository project",
            Self::Figma => "design designer mockup wireframe ui",
            Self::Pages => "website site webpage web page url address link homepage browser",
            Self::Help | Self::Utilities | Self::Custom => "",
        }
    }
}

/// A worked example, run by the tests: JSON texts.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The parameters.
    pub params: &'static str,
    /// What the action answers to them (shortened where it is long).
    pub answer: &'static str,
}

/// What is said about an action wherever it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Doc {
    /// One line: what it does, as an order ("Add a user").
    pub summary: &'static str,
    /// The family it belongs to.
    pub group: Group,
    /// Words that people use for it and that are in neither name nor summary; an entry may hold
    /// several.
    pub words: &'static [&'static str],
    /// A worked example.
    pub example: Example,
    /// What is said when a required parameter is missing, where it is not `<name> is required`.
    pub required: Option<&'static str>,
    /// A name for people; otherwise it is made of the action's own.
    pub title: Option<&'static str>,
    /// Whether a write may only add, and takes nothing away and overwrites nothing.
    pub additive: bool,
    /// Whether a second equal call changes nothing more.
    pub idempotent: bool,
    /// Whether the action itself looks at a null of any optional parameter. Otherwise null counts
    /// as left out where the schema does not admit it.
    pub sees_null: bool,
    /// What kind of thing it answers, and how the lean face shows that.
    pub view: View,
}

impl Doc {
    /// The usual document of an action.
    #[must_use]
    pub const fn new(group: Group, summary: &'static str, example: Example) -> Self {
        Self {
            summary,
            group,
            words: &[],
            example,
            required: None,
            title: None,
            additive: false,
            idempotent: false,
            sees_null: false,
            view: View::WHOLE,
        }
    }

    /// With a name for people.
    #[must_use]
    pub const fn title(mut self, title: &'static str) -> Self {
        self.title = Some(title);
        self
    }

    /// A write that only adds.
    #[must_use]
    pub const fn additive(mut self) -> Self {
        self.additive = true;
        self
    }

    /// A write of which a second equal call changes nothing more.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// With words that people use for it.
    #[must_use]
    pub const fn words(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    /// With another view of what it answers on the lean face than all of it.
    #[must_use]
    pub const fn view(mut self, view: View) -> Self {
        self.view = view;
        self
    }

    /// With an eye of its own on nulls.
    #[must_use]
    pub const fn sees_null(mut self) -> Self {
        self.sees_null = true;
        self
    }

    /// With another text for a missing required parameter.
    #[must_use]
    pub const fn required(mut self, text: &'static str) -> Self {
        self.required = Some(text);
        self
    }
}

/// A tool over stored memory. It runs inside one storage transaction: an error undoes all it did.
pub trait MemoryAction: Send + Sync + 'static {
    /// Its name: `snake_case`, at most 64 characters, no two alike.
    const NAME: &'static str;
    /// Whether it may write.
    const EFFECT: Effect;
    /// Its parameters. The field comments are the documentation.
    type Params: DeserializeOwned + JsonSchema + Send + 'static;
    /// What it answers.
    type Output: Serialize + JsonSchema;
    /// What it must have seen, where it only reads.
    const FRESHNESS: Freshness = Freshness::Writes;
    /// What is said about it.
    fn doc(&self) -> Doc;
    /// Does its work.
    ///
    /// # Errors
    /// With what the caller is told; everything done to the memory is undone.
    fn run(
        &self,
        params: Self::Params,
        memory: &mut dyn Memory,
    ) -> Result<Self::Output, ActionError>;
}

/// A tool over stored memory that answers a list, which is read a part at a time: a long one never
/// stands in memory whole.
pub trait ListAction: Send + Sync + 'static {
    /// Its name: `snake_case`, at most 64 characters, no two alike.
    const NAME: &'static str;
    /// Its parameters. The field comments are the documentation.
    type Params: DeserializeOwned + JsonSchema + Send + 'static;
    /// What the list is of.
    type Item: Serialize + JsonSchema;
    /// What is said about it.
    fn doc(&self) -> Doc;
    /// Reads a part of the list.
    ///
    /// # Errors
    /// With what the caller is told.
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

/// A tool that only reads stored memory, and in whose answer a long list may stand: its text is made a
/// part at a time.
pub trait LongAction: Send + Sync + 'static {
    /// Its name: `snake_case`, at most 64 characters, no two alike.
    const NAME: &'static str;
    /// Its parameters. The field comments are the documentation.
    type Params: DeserializeOwned + JsonSchema + Send + 'static;
    /// What it answers: of which type the whole text is.
    type Output: JsonSchema;
    /// What is said about it.
    fn doc(&self) -> Doc;
    /// Begins its answer, in the transaction in which the first part is made too.
    ///
    /// # Errors
    /// With what the caller is told.
    fn begin(&self, params: Self::Params, memory: &mut dyn Memory) -> Result<Answer, ActionError>;
}

/// A tool that asks another system. It holds no transaction while it waits.
pub trait RemoteAction: Send + Sync + 'static {
    /// Its name: `snake_case`, at most 64 characters, no two alike.
    const NAME: &'static str;
    /// Its parameters. The field comments are the documentation.
    type Params: DeserializeOwned + JsonSchema + Send + 'static;
    /// What it answers.
    type Output: Serialize + JsonSchema;
    /// What is said about it.
    fn doc(&self) -> Doc;
    /// Whether it can be called at all, before its parameters are looked at.
    ///
    /// # Errors
    /// With what is missing and how to give it.
    fn available(&self) -> Result<(), ActionError> {
        Ok(())
    }
    /// Does its work, and says how far it is. Dropping the future stops it.
    ///
    /// # Errors
    /// With what the caller is told.
    fn run(
        &self,
        params: Self::Params,
        progress: &Progress,
    ) -> impl Future<Output = Result<Self::Output, ActionError>> + Send;
    /// Whether what was answered is a page and another follows.
    fn goes_on(&self, _: &Self::Output) -> bool {
        false
    }
}

/// A tool that calls others, each through the dispatcher as any caller would.
pub trait CompoundAction: Send + Sync + 'static {
    /// Its name: `snake_case`, at most 64 characters, no two alike.
    const NAME: &'static str;
    /// Its parameters. The field comments are the documentation.
    type Params: DeserializeOwned + JsonSchema + Send + 'static;
    /// What it answers.
    type Output: Serialize + JsonSchema;
    /// What is said about it.
    fn doc(&self) -> Doc;
    /// Does its work for the caller of the context, and says how far it is. Dropping the future
    /// stops it.
    ///
    /// # Errors
    /// With what the caller is told.
    fn run(
        &self,
        params: Self::Params,
        dispatcher: &Dispatcher,
        context: &Context,
    ) -> impl Future<Output = Result<Self::Output, ActionError>> + Send;
}
