//! The documentation of an action: its group, summary, search words and example.

use std::borrow::Cow;

use super::View;

/// A family of actions. The crate that brings the actions declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    name: Cow<'static, str>,
    words: Cow<'static, str>,
}

impl Group {
    /// The actions of an embedding program.
    pub const CUSTOM: Self = Self::new("custom", "");

    /// Declares a group: its name in tool lists and documents, and search words for its subject,
    /// separated by spaces.
    #[must_use]
    pub const fn new(name: &'static str, words: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), words: Cow::Borrowed(words) }
    }

    /// Makes a group at run time.
    #[must_use]
    pub fn owned(name: String, words: String) -> Self {
        Self { name: Cow::Owned(name), words: Cow::Owned(words) }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn words(&self) -> &str {
        &self.words
    }
}

/// A worked example as JSON texts. Tests run it.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The parameters.
    pub params: &'static str,
    /// The result, shortened if it is long.
    pub answer: &'static str,
}

/// The documentation of an action, and the hints that clients get about it.
#[derive(Clone, Debug)]
pub struct Doc {
    /// One line in the imperative: "Add a user".
    pub summary: Cow<'static, str>,
    /// The whole description, if the summary is only its beginning.
    pub details: Option<String>,
    /// The family of the action.
    pub group: Group,
    /// Search words that are in neither name nor summary, separated by spaces.
    pub words: String,
    /// A worked example, unless the action was made at run time.
    pub example: Option<Example>,
    /// The error for a missing required parameter, if it is not `<name> is required`.
    pub required: Option<&'static str>,
    /// A title for people, if it is not made of the action's name.
    pub title: Option<Cow<'static, str>>,
    /// Whether a write only adds: it removes and overwrites nothing.
    pub additive: bool,
    /// Whether repeating a write changes nothing more.
    pub idempotent: bool,
    /// Whether the action reads null of every optional parameter. Otherwise null counts as absent
    /// unless the schema allows it.
    pub sees_null: bool,
    /// The shape of the result, and its fields in the lean API.
    pub view: View,
}

impl Doc {
    /// Documents a built-in action.
    #[must_use]
    pub fn new(group: Group, summary: impl Into<Cow<'static, str>>, example: Example) -> Self {
        Self { example: Some(example), ..Self::without_example(group, summary) }
    }

    /// Documents an action that is made at run time.
    #[must_use]
    pub fn without_example(group: Group, summary: impl Into<Cow<'static, str>>) -> Self {
        Self {
            summary: summary.into(),
            details: None,
            group,
            words: String::new(),
            example: None,
            required: None,
            title: None,
            additive: false,
            idempotent: false,
            sees_null: false,
            view: View::WHOLE,
        }
    }

    /// Sets the title for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Marks a write that only adds.
    #[must_use]
    pub fn additive(mut self) -> Self {
        self.additive = true;
        self
    }

    /// Marks a write that changes nothing more if it is repeated.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Sets the search words. An entry may hold several.
    #[must_use]
    pub fn words(mut self, words: &[&str]) -> Self {
        self.words = words.join(" ");
        self
    }

    /// Sets the view of the lean API, which otherwise shows the whole result.
    #[must_use]
    pub fn view(mut self, view: View) -> Self {
        self.view = view;
        self
    }

    /// Marks an action that reads null of every optional parameter.
    #[must_use]
    pub fn sees_null(mut self) -> Self {
        self.sees_null = true;
        self
    }

    /// Sets the error for a missing required parameter.
    #[must_use]
    pub fn required(mut self, text: &'static str) -> Self {
        self.required = Some(text);
        self
    }
}
