//! Change events: what a write changed, for clients that want to read it again.

use crate::domain::TaskId;

/// A change of stored memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// The users have changed.
    Users,
    /// The list of tasks has changed, and this task.
    Task(TaskId),
    /// The configuration has changed.
    Config,
    /// The log of actions has changed.
    Logs,
    /// Everything may have changed.
    All,
}

/// Port: receives changes after they are durable.
pub trait Watcher: Send + Sync {
    /// Receives a change. Must not block.
    fn changed(&self, change: Change);
}

/// The changes of one transaction beyond which they count as [`Change::All`].
const LIMIT: usize = 32;

/// Collects the changes of a transaction, each once.
#[derive(Default)]
pub(crate) struct ChangeTracker(Vec<Change>);

impl ChangeTracker {
    pub(crate) fn note(&mut self, change: Change) {
        if self.0.contains(&change) || self.0.contains(&Change::All) {
            return;
        }
        if self.0.len() == LIMIT || change == Change::All {
            self.0 = vec![Change::All];
        } else {
            self.0.push(change);
        }
    }

    pub(crate) fn into_changes(self) -> Vec<Change> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_told_once_and_many_as_all() {
        let mut tracker = ChangeTracker::default();
        for change in [Change::Users, Change::Logs, Change::Users] {
            tracker.note(change);
        }
        assert_eq!(tracker.0, [Change::Users, Change::Logs]);
        (0..40).for_each(|id| tracker.note(Change::Task(TaskId(id))));
        assert_eq!(tracker.into_changes(), [Change::All]);
    }
}
