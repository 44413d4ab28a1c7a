//! How the lean face shows what an action answers: where the rows of its result are, which fields of
//! a row stand for it, and how a list goes on. An action says it in its [`Doc`](super::Doc); what it
//! does not say is shown whole.

use serde_json::Value;

/// How the lean face shows a result.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// What kind of thing the result is.
    pub shape: Shape,
    /// What is shown of each row where no fields are named; everything where there is none.
    pub columns: &'static [Column],
    /// Fields that the other side documents and that not every row has: naming one is no mistake.
    pub optional: &'static [&'static str],
}

/// What kind of thing a result is.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Rows, or one thing.
    Rows {
        /// The path of the list within the result; empty where the result itself is it.
        at: &'static str,
        /// How the other side hands out its list, where it comes in pages.
        pages: Option<Pages>,
    },
    /// A tree, shown as rows down to some depth.
    Tree {
        /// The path of the tree's top, or of several.
        at: &'static str,
        /// The rows of the tree: a top, and how many levels below it are shown.
        outline: fn(&Value, usize) -> Vec<Value>,
        /// The most levels that are worth trying.
        deepest: usize,
    },
    /// A picture, which is never shown as text.
    Picture {
        /// The field that holds it in base64.
        base64: &'static str,
        /// The field that holds its media type.
        media_type: &'static str,
    },
    /// A long text, read in parts.
    Text {
        /// The field that holds it.
        at: &'static str,
        /// The parameter that says at which byte to start.
        offset: &'static str,
    },
}

/// A list that comes in numbered pages, the first of them 1.
#[derive(Clone, Copy, Debug)]
pub struct Pages {
    /// The parameter that is a page's number.
    pub page: &'static str,
    /// The parameter that is how many rows a page has.
    pub size: &'static str,
    /// How many rows a page has where nothing is said.
    pub usual: usize,
    /// How many rows a page has at most.
    pub most: usize,
    /// The field that tells rows apart.
    pub key: &'static str,
}

/// A field of a summary.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What it is called in the summary.
    pub name: &'static str,
    /// Where it is in a row.
    pub path: &'static str,
    /// What is shown of it.
    pub part: Part,
}

/// What is shown of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// The day of a time, `2026-02-16`.
    Day,
    /// It, where it is true; otherwise nothing.
    True,
}

impl Column {
    /// The field of that name, whole.
    #[must_use]
    pub const fn of(name: &'static str) -> Self {
        Self { name, path: name, part: Part::Whole }
    }

    /// The field at a path, under a shorter name.
    #[must_use]
    pub const fn at(name: &'static str, path: &'static str) -> Self {
        Self { name, path, part: Part::Whole }
    }

    /// The day of the time in the field of that name.
    #[must_use]
    pub const fn day(name: &'static str) -> Self {
        Self { name, path: name, part: Part::Day }
    }

    /// The field of that name, where it is true.
    #[must_use]
    pub const fn flag(name: &'static str) -> Self {
        Self { name, path: name, part: Part::True }
    }
}

impl View {
    /// The whole result.
    pub const WHOLE: Self =
        Self { shape: Shape::Rows { at: "", pages: None }, columns: &[], optional: &[] };

    /// These fields of the result, or of each of its rows where it is a list.
    #[must_use]
    pub const fn of(columns: &'static [Column]) -> Self {
        Self { columns, ..Self::WHOLE }
    }

    /// The same of the rows at this path.
    #[must_use]
    pub const fn rows(mut self, at: &'static str, pages: Option<Pages>) -> Self {
        self.shape = Shape::Rows { at, pages };
        self
    }

    /// With another kind of thing.
    #[must_use]
    pub const fn shaped(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// With fields that not every row has.
    #[must_use]
    pub const fn optional(mut self, optional: &'static [&'static str]) -> Self {
        self.optional = optional;
        self
    }
}
