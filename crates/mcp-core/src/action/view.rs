//! The shape of an action's result for the lean API: the path of its rows, their summary columns and
//! how its pages continue. An action declares it in its [`Doc`](super::Doc).

use serde_json::Value;

/// The view of a result in the lean API.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The shape of the result.
    pub shape: Shape,
    /// The columns of the summary, shown if no fields are named; empty for the whole row.
    pub columns: &'static [Column],
    /// Fields that only some rows have, according to the upstream. They can be named too.
    pub optional: &'static [&'static str],
    /// The member that marks an incomplete result.
    pub incomplete: Option<Incomplete>,
}

/// A member that marks an incomplete result: `true`, or a text with the reason.
#[derive(Clone, Copy, Debug)]
pub struct Incomplete {
    /// The name of the member.
    pub at: &'static str,
    /// The reason if the member is `true`.
    pub reason: &'static str,
}

impl Incomplete {
    /// Returns why a result is incomplete, or `None` if it is complete.
    #[must_use]
    pub fn reason_in(&self, result: &Value) -> Option<String> {
        match result.get(self.at)? {
            Value::Bool(true) => Some(self.reason.to_owned()),
            Value::String(reason) => Some(reason.clone()),
            _ => None,
        }
    }
}

/// The shape of a result.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Rows, or one object.
    Rows {
        /// The path of the list in the result; empty if the result is the list.
        at: &'static str,
        /// The paging of the list, if it has pages.
        pages: Option<Pages>,
    },
    /// A tree, shown as rows: as many levels as fit, in the order of the tree.
    Tree {
        /// The path of the nodes whose fields can be named; `*` is every member of an object.
        at: &'static str,
        /// The functions that read the tree.
        tree: Tree,
    },
    /// An object with a picture, which is never shown as text.
    Picture {
        /// The field with the picture in base64.
        base64: &'static str,
        /// The field with its media type.
        media_type: &'static str,
    },
    /// A long text, read in parts.
    Text {
        /// The field with the text.
        at: &'static str,
        /// The parameter for the byte to start at.
        offset: &'static str,
    },
    /// [`Contents`](crate::content::Contents): its pictures and sounds are never shown as text.
    Contents,
    /// The result of another system's tool: a list, an object whose only member is a list, a text,
    /// [`Contents`](crate::content::Contents), or one value. The rest of a page is kept, and a cursor
    /// reads it without a second call.
    Open,
}

/// The functions that read a tree.
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
    /// The part of the result that its first-level ancestor came with.
    pub context: &'a Value,
    /// Its level; the first is 0.
    pub depth: usize,
    /// The number of its children that are shown neither here nor on an earlier page.
    pub hidden: usize,
    /// Its parent, if that is on an earlier page.
    pub parent: Option<&'a Value>,
}

/// The paging of a list.
#[derive(Clone, Copy, Debug)]
pub enum Pages {
    /// Pages by number, from 1. Rows move between them when others are added or removed.
    Numbered {
        /// The parameter for the page number.
        page: &'static str,
        /// The parameter for the page size.
        size: &'static str,
        /// The default page size.
        usual: usize,
        /// The maximum page size.
        most: usize,
        /// The field that identifies a row.
        key: &'static str,
    },
    /// Pages that start after a row.
    Keyed {
        /// The parameter for the key of the row before the page.
        after: &'static str,
        /// The parameter for the page size.
        size: &'static str,
        /// The default page size.
        usual: usize,
        /// The maximum page size.
        most: usize,
        /// The bytes of rows after which a page may end early.
        bytes: usize,
        /// The field that identifies a row: a number.
        key: &'static str,
    },
}

/// A column of a summary.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The name in the summary.
    pub name: &'static str,
    /// The path in a row.
    pub path: &'static str,
    /// The part that is shown.
    pub shown: Shown,
}

/// The part of a field that is shown.
#[derive(Clone, Copy, Debug)]
pub enum Shown {
    /// The whole value.
    Whole,
    /// The day of a time, `2026-02-16`.
    Day,
    /// A time to its second, `2026-02-16T16:00:00`.
    Second,
    /// `true`; false is left out.
    True,
    /// `true` if the field is present and not null.
    There,
    /// The last two segments of a URL: `octocat/Hello-World`.
    Tail,
    /// These fields of each row of a list.
    Rows(&'static [Column]),
}

impl Column {
    /// Shows the field of this name.
    #[must_use]
    pub const fn of(name: &'static str) -> Self {
        Self { name, path: name, shown: Shown::Whole }
    }

    /// Shows the field at a path under a shorter name.
    #[must_use]
    pub const fn at(name: &'static str, path: &'static str) -> Self {
        Self { name, path, shown: Shown::Whole }
    }

    /// Shows the day of a time.
    #[must_use]
    pub const fn day(name: &'static str) -> Self {
        Self { name, path: name, shown: Shown::Day }
    }

    /// Shows a time to its second.
    #[must_use]
    pub const fn second(name: &'static str) -> Self {
        Self { name, path: name, shown: Shown::Second }
    }

    /// Shows whether the field is present.
    #[must_use]
    pub const fn there(name: &'static str) -> Self {
        Self { name, path: name, shown: Shown::There }
    }

    /// Shows these fields of each row of a list.
    #[must_use]
    pub const fn rows(name: &'static str, columns: &'static [Column]) -> Self {
        Self { name, path: name, shown: Shown::Rows(columns) }
    }

    /// Shows the last two segments of a URL.
    #[must_use]
    pub const fn tail(name: &'static str) -> Self {
        Self { name, path: name, shown: Shown::Tail }
    }

    /// Shows the field if it is true.
    #[must_use]
    pub const fn flag(name: &'static str) -> Self {
        Self { name, path: name, shown: Shown::True }
    }
}

impl View {
    /// Shows the whole result.
    pub const WHOLE: Self = Self {
        shape: Shape::Rows { at: "", pages: None },
        columns: &[],
        optional: &[],
        incomplete: None,
    };

    /// Shows the result of another system's tool.
    pub const OPEN: Self = Self { shape: Shape::Open, ..Self::WHOLE };

    /// Shows these columns of the result, or of each of its rows.
    #[must_use]
    pub const fn of(columns: &'static [Column]) -> Self {
        Self { columns, ..Self::WHOLE }
    }

    /// Sets the path of the rows and their paging.
    #[must_use]
    pub const fn rows(mut self, at: &'static str, pages: Option<Pages>) -> Self {
        self.shape = Shape::Rows { at, pages };
        self
    }

    /// Sets the shape.
    #[must_use]
    pub const fn shaped(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// Sets the member that marks an incomplete result.
    #[must_use]
    pub const fn incomplete(mut self, incomplete: Incomplete) -> Self {
        self.incomplete = Some(incomplete);
        self
    }

    /// Returns why a result is incomplete, or `None` if it is complete.
    #[must_use]
    pub fn incomplete_in(&self, result: &Value) -> Option<String> {
        self.incomplete.and_then(|incomplete| incomplete.reason_in(result))
    }

    /// Sets the fields that only some rows have.
    #[must_use]
    pub const fn optional(mut self, optional: &'static [&'static str]) -> Self {
        self.optional = optional;
        self
    }
}
