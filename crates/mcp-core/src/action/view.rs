//! What kind of thing an action answers, and how the lean face shows it: where the rows of its result
//! are, which fields of a row stand for it, and how a list goes on. An action says it in its
//! [`Doc`](super::Doc); what it does not say is shown whole.

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
    /// The member of a result that says that something is missing from it.
    pub incomplete: Option<Incomplete>,
}

/// A member of a result that says that something is missing from it: `true`, or a text that says why.
#[derive(Clone, Copy, Debug)]
pub struct Incomplete {
    /// The member's name.
    pub at: &'static str,
    /// The reason where the member is `true`.
    pub reason: &'static str,
}

impl Incomplete {
    /// Returns why a result is incomplete; `None` if it says nothing.
    #[must_use]
    pub fn reason_in(&self, result: &Value) -> Option<String> {
        match result.get(self.at)? {
            Value::Bool(true) => Some(self.reason.to_owned()),
            Value::String(reason) => Some(reason.clone()),
            _ => None,
        }
    }
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
    /// A tree, shown as rows: level by level as many as fit, in the order of the tree.
    Tree {
        /// The path of what fields are named of; `*` is every member of an object.
        at: &'static str,
        /// How the tree is read.
        tree: Tree,
    },
    /// An object with a picture in it, which is never shown as text.
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
    /// [`Contents`](crate::content::Contents): its pictures and sounds are never shown as text.
    Contents,
}

/// How the tree in a result is read.
#[derive(Clone, Copy, Debug)]
pub struct Tree {
    /// Returns the nodes of the first level, each with the part of the result that its rows need.
    pub tops: for<'a> fn(&'a Value) -> Vec<(&'a Value, &'a Value)>,
    /// Returns the children of a node.
    pub children: for<'a> fn(&'a Value) -> &'a [Value],
    /// Returns a row for each of these nodes. A cursor names a row by its `id`.
    pub rows: for<'a> fn(&[TreeNode<'a>]) -> Vec<Value>,
}

/// A node of a tree that is shown.
#[derive(Clone, Copy, Debug)]
pub struct TreeNode<'a> {
    /// The node.
    pub value: &'a Value,
    /// The part of the result that its first-level node came with.
    pub context: &'a Value,
    /// Its level; the first is 0.
    pub depth: usize,
    /// The number of its children that are shown neither here nor on an earlier page.
    pub hidden: usize,
    /// Its parent, if that is on an earlier page.
    pub parent: Option<&'a Value>,
}

/// A list that comes in pages, each asked for by parameters.
#[derive(Clone, Copy, Debug)]
pub enum Pages {
    /// Pages with numbers, the first of them 1. What is added or removed moves the rows between
    /// them.
    Numbered {
        /// The parameter that is a page's number.
        page: &'static str,
        /// The parameter that is how many rows a page has.
        size: &'static str,
        /// How many rows a page has where nothing is said.
        usual: usize,
        /// How many rows a page has at most.
        most: usize,
        /// The field that tells rows apart.
        key: &'static str,
    },
    /// Pages that begin behind a row.
    Keyed {
        /// The parameter that is the key of the row before the page.
        after: &'static str,
        /// The parameter that is how many rows a page has.
        size: &'static str,
        /// How many rows a page has where nothing is said.
        usual: usize,
        /// How many rows a page has at most.
        most: usize,
        /// Behind how many bytes of rows a page may end early.
        bytes: usize,
        /// The field that tells rows apart: a number.
        key: &'static str,
    },
}

/// A field of a summary.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What it is called in the summary.
    pub name: &'static str,
    /// Where it is in a row.
    pub path: &'static str,
    /// What is shown of it.
    pub shown: Shown,
}

/// What is shown of a field.
#[derive(Clone, Copy, Debug)]
pub enum Shown {
    /// All of it.
    Whole,
    /// The day of a time, `2026-02-16`.
    Day,
    /// A time to its second, `2026-02-16T16:00:00`.
    Second,
    /// It, where it is true; otherwise nothing.
    True,
    /// True where it is there and not null; otherwise nothing.
    There,
    /// The last two names of an address: `octocat/Hello-World`.
    Tail,
    /// These fields of each row of a list.
    Rows(&'static [Column]),
}

impl Column {
    /// The field of that name, whole.
    #[must_use]
    pub const fn of(name: &'static str) -> Self {
        Self { name, path: name, shown: Shown::Whole }
    }

    /// The field at a path, under a shorter name.
    #[must_use]
    pub const fn at(name: &'static str, path: &'static str) -> Self {
        Self { name, path, shown: Shown::Whole }
    }

    /// The day of the time in the field of that name.
    #[must_use]
    pub const fn day(name: &'static str) -> Self {
        Self { name, path: name, shown: Shown::Day }
    }

    /// The time in the field of that name, to its second.
    #[must_use]
    pub const fn second(name: &'static str) -> Self {
        Self { name, path: name, shown: Shown::Second }
    }

    /// True where there is the field of that name.
    #[must_use]
    pub const fn there(name: &'static str) -> Self {
        Self { name, path: name, shown: Shown::There }
    }

    /// These fields of each row of the list in the field of that name.
    #[must_use]
    pub const fn rows(name: &'static str, columns: &'static [Column]) -> Self {
        Self { name, path: name, shown: Shown::Rows(columns) }
    }

    /// The last two names of the address in the field of that name.
    #[must_use]
    pub const fn tail(name: &'static str) -> Self {
        Self { name, path: name, shown: Shown::Tail }
    }

    /// The field of that name, where it is true.
    #[must_use]
    pub const fn flag(name: &'static str) -> Self {
        Self { name, path: name, shown: Shown::True }
    }
}

impl View {
    /// The whole result.
    pub const WHOLE: Self = Self {
        shape: Shape::Rows { at: "", pages: None },
        columns: &[],
        optional: &[],
        incomplete: None,
    };

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

    /// With the member that says that something is missing.
    #[must_use]
    pub const fn incomplete(mut self, incomplete: Incomplete) -> Self {
        self.incomplete = Some(incomplete);
        self
    }

    /// Returns why a result is incomplete; `None` if it is not, or does not say so.
    #[must_use]
    pub fn incomplete_in(&self, result: &Value) -> Option<String> {
        self.incomplete.and_then(|incomplete| incomplete.reason_in(result))
    }

    /// With fields that not every row has.
    #[must_use]
    pub const fn optional(mut self, optional: &'static [&'static str]) -> Self {
        self.optional = optional;
        self
    }
}
