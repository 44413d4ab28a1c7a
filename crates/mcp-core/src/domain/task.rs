//! Tasks.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Position, fold, is_same_name};
use crate::Timestamp;

/// The number of a task. Numbers are not reused until a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transparent)]
pub struct TaskId(pub i64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A task as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Task {
    /// The task's number.
    pub id: TaskId,
    /// What is to be done.
    pub title: String,
    /// More about it.
    pub description: Option<String>,
    /// How urgent it is: high, medium, low or any other word.
    pub priority: Option<String>,
    /// How far it is: pending, `in_progress`, completed or any other word.
    pub status: Option<String>,
    /// The user it is assigned to.
    pub assigned_to: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Task {
    /// Returns the position in lists of tasks.
    #[must_use]
    pub const fn position(&self) -> Position {
        Position(self.id.0)
    }

    /// Returns the bytes of its texts.
    #[must_use]
    pub fn size(&self) -> usize {
        let texts = [&self.description, &self.priority, &self.status, &self.assigned_to];
        self.title.len() + texts.into_iter().flatten().map(String::len).sum::<usize>()
    }
}

/// A task to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTask {
    /// The title; not empty.
    pub title: String,
    /// The description.
    pub description: String,
    /// The priority.
    pub priority: String,
    /// The status.
    pub status: String,
    /// The user it is assigned to.
    pub assigned_to: Option<String>,
}

impl NewTask {
    /// Returns the stored task.
    #[must_use]
    pub fn numbered(&self, id: TaskId, now: Timestamp) -> Task {
        Task {
            id,
            title: self.title.clone(),
            description: Some(self.description.clone()),
            priority: Some(self.priority.clone()),
            status: Some(self.status.clone()),
            assigned_to: self.assigned_to.clone(),
            created_at: now,
            updated_at: now,
        }
    }
}

/// The update of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FieldChange<T> {
    /// Keeps the value.
    #[default]
    Keep,
    /// Removes the value.
    Clear,
    /// Sets the value.
    Set(T),
}

impl<T> FieldChange<T> {
    /// Applies the change to a field.
    pub fn apply(self, field: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *field = None,
            Self::Set(value) => *field = Some(value),
        }
    }
}

/// The update of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskChanges {
    /// The new title.
    pub title: Option<String>,
    /// The update of the description.
    pub description: FieldChange<String>,
    /// The update of the priority.
    pub priority: FieldChange<String>,
    /// The update of the status.
    pub status: FieldChange<String>,
    /// The update of the assignment.
    pub assigned_to: FieldChange<String>,
}

impl TaskChanges {
    /// Applies the update at this time.
    pub fn apply(self, task: &mut Task, now: Timestamp) {
        if let Some(title) = self.title {
            task.title = title;
        }
        self.description.apply(&mut task.description);
        self.priority.apply(&mut task.priority);
        self.status.apply(&mut task.status);
        self.assigned_to.apply(&mut task.assigned_to);
        task.updated_at = now;
    }
}

/// A filter of tasks: all conditions must match. Texts are compared by canonical equivalence
/// ([`is_same_name`]) and case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// The status.
    pub status: Option<String>,
    /// The assigned user.
    pub assigned_to: Option<String>,
}

impl TaskFilter {
    /// Returns whether the task matches.
    #[must_use]
    pub fn matches(&self, task: &Task) -> bool {
        let matches = |wanted: &Option<String>, value: &Option<String>| match (wanted, value) {
            (None, _) => true,
            (Some(wanted), Some(value)) => is_same_name(wanted, value),
            (Some(_), None) => false,
        };
        matches(&self.status, &task.status) && matches(&self.assigned_to, &task.assigned_to)
    }
}

/// Counts of tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskCounts {
    /// All tasks.
    pub total: u64,
    /// Tasks by status; tasks without a status are left out.
    pub by_status: Vec<(String, u64)>,
    /// Tasks by priority; tasks without a priority are left out.
    pub by_priority: Vec<(String, u64)>,
}

/// A search for a substring of title or description, compared by [`fold`]. It has no wildcards; the
/// empty text is in every task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchText(String);

impl SearchText {
    /// Makes a search for a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(fold(text).into_owned())
    }

    /// Returns the folded text.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.0
    }

    /// Returns whether title or description contain the text.
    #[must_use]
    pub fn is_in(&self, task: &Task) -> bool {
        let holds = |text: &str| fold(text).contains(&self.0);
        self.0.is_empty() || holds(&task.title) || task.description.as_deref().is_some_and(holds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(title: &str, description: Option<&str>) -> Task {
        let now = Timestamp::from_micros(0);
        Task {
            id: TaskId(1),
            title: title.into(),
            description: description.map(Into::into),
            priority: None,
            status: None,
            assigned_to: None,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn search_ignores_case_and_spelling_beyond_ascii() {
        for (query, title) in [
            ("ÜBER", "über alles"),
            ("strasse", "Lange Straße"),
            ("STRASSE", "Lange Straße"),
            ("ΟΔΟΣ", "οδος"),
            ("οδοσ", "ΟΔΟΣ"),
            ("привет", "ПРИВЕТ, мир"),
            ("cafe\u{301}", "Das CAFÉ"),
            ("café", "das cafe\u{301}"),
            ("漢字", "die 漢字"),
            ("", "anything"),
        ] {
            assert!(SearchText::new(query).is_in(&task(title, None)), "{query} in {title}");
        }
    }

    #[test]
    fn search_knows_no_wildcards() {
        assert!(!SearchText::new("%").is_in(&task("100", Some("a_b"))));
        assert!(SearchText::new("0%").is_in(&task("100%", None)));
        assert!(!SearchText::new("a_c").is_in(&task("abc", None)));
        assert!(SearchText::new("a_b").is_in(&task("x", Some("xa_bx"))));
    }
}
